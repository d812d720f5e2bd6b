"""How fast an attempt trains: the steps and moments of its first and its last report of
measurements, so that start-up and shut-down do not count."""

from collections.abc import Iterable
from dataclasses import dataclass

LEAST_SECONDS = 10.0  # reports come up to a second late: shorter is no measurement


@dataclass(frozen=True, slots=True)
class Pace:
    """From one report to another; moments are epoch seconds of the database's clock."""

    from_step: int
    from_at: float
    to_step: int
    to_at: float


def heard(pace: Pace | None, step: int, now: float) -> Pace:
    """The pace after a report up to `step`; what comes again moves nothing."""
    if pace is None:
        return Pace(step, now, step, now)
    if step <= pace.to_step:
        return pace
    return Pace(pace.from_step, pace.from_at, step, now)


def seconds_per_step(paces: Iterable[Pace]) -> float | None:
    """Over all attempts of a trial; None: they were too short to tell."""
    known = list(paces)
    seconds = sum(pace.to_at - pace.from_at for pace in known)
    steps = sum(pace.to_step - pace.from_step for pace in known)
    return seconds / steps if steps > 0 and seconds >= LEAST_SECONDS else None
