"""What a supervisor may ask of a training, from weak to strong, and how long each waits; pure."""

from dataclasses import dataclass
from enum import IntEnum

CANCEL_SECONDS = 2.0  # for a step to end and the control file to be read
STEPS_AHEAD_SECONDS = 5.0
INTERVALS_AHEAD = 2


class Demand(IntEnum):
    """A stronger one replaces a weaker one, never the other way round."""

    STOP = 1  # the service, silence or a refused step: checkpoint and end
    SHUTDOWN = 2  # this worker ends: checkpoint and end within the grace
    TIMEOUT = 3  # `timeout_seconds` are over
    CANCEL = 4  # a person does not want the trial any more
    DROP = 5  # the attempt belongs to somebody else: kill


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds from the demand to TERM, and from TERM to KILL."""

    term_after_seconds: float
    kill_after_seconds: float


def patience(demand: Demand, grace_seconds: float) -> Patience:
    """A shutdown must be over, report included, when the grace is."""
    return {
        Demand.STOP: Patience(grace_seconds, grace_seconds),
        Demand.SHUTDOWN: Patience(0.6 * grace_seconds, 0.3 * grace_seconds),
        Demand.TIMEOUT: Patience(0.0, grace_seconds),
        Demand.CANCEL: Patience(min(CANCEL_SECONDS, grace_seconds), grace_seconds),
        Demand.DROP: Patience(0.0, 0.0),
    }[demand]


def control_line(demand: Demand, stop_step: int) -> str | None:
    """What the training reads in `control`; None: it is not asked, it is ended."""
    if demand in (Demand.STOP, Demand.SHUTDOWN):
        return f"stop after step {stop_step}"
    return "cancel" if demand is Demand.CANCEL else None


@dataclass
class Pace:
    """Steps seen over time, for saying which step every rank still has ahead."""

    last_step: int
    first: tuple[float, int] | None = None
    latest: tuple[float, int] | None = None

    def observe(self, step: int, now: float) -> None:
        if step > self.last_step:
            self.last_step = step
            self.first = self.first or (now, step)
            self.latest = (now, step)

    def steps_per_second(self) -> float:
        if not self.first or not self.latest or self.latest[0] <= self.first[0]:
            return 0.0
        return (self.latest[1] - self.first[1]) / (self.latest[0] - self.first[0])

    def stop_step(self, evaluate_every_steps: int, max_train_steps: int) -> int:
        """The last step seen plus the larger of two evaluation intervals and 5 seconds of steps."""
        ahead = max(
            INTERVALS_AHEAD * evaluate_every_steps,
            round(STEPS_AHEAD_SECONDS * self.steps_per_second()),
        )
        return min(self.last_step + ahead, max_train_steps)
