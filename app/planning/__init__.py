"""The adviser: pure calculators that propose a number, a round or a schedule, each with reasons."""
