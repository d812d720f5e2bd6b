"""The one implementation of schedules, against formulae written a second time."""
