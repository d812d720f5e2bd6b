"""The whole product as people run it: real processes, real servers, real trainings."""
