"""Paceline decides how long to train; this package is what training loops import.

Standard library only, and cheap to import: nothing here imports the client or the command line,
and `sdk*.py` and `schedules.py` beside this file work in a folder of their own.
"""

from paceline.schedules import Schedule, ScheduleError
from paceline.sdk import Trial, trial

__all__ = ["Schedule", "ScheduleError", "Trial", "trial"]
