"""How an attempt ended, in the contract's words: a pure function of what was seen."""

from dataclasses import dataclass

from app.domain.states import EndReason, Outcome
from workers.demands import Demand
from workers.launch import Ended
from workers.reporter import Progress

KILLED = frozenset({-9, 137})
MOVES_ON = frozenset({Demand.STOP, Demand.SHUTDOWN})


@dataclass(frozen=True, slots=True)
class Seen:
    """What the supervisor saw: how it ended, what was asked of it, what it reported."""

    ended: Ended
    demand: Demand | None
    done_steps: int
    max_train_steps: int
    has_non_finite: bool = False
    is_beyond_horizon: bool = False


@dataclass(frozen=True, slots=True)
class Conclusion:
    outcome: Outcome
    reason: EndReason

    def document(self) -> dict[str, str]:
        return {"outcome": self.outcome.value, "reason": self.reason.value}


def conclude(seen: Seen) -> Conclusion:
    """The first that applies; `failed` is what counts against the trial."""
    code = seen.ended.exit_code
    if seen.demand is Demand.CANCEL:
        return Conclusion(Outcome.CANCELLED, EndReason.CANCELLED)
    if seen.has_non_finite:
        return Conclusion(Outcome.DIVERGED, EndReason.DIVERGED)
    if seen.is_beyond_horizon:
        return Conclusion(Outcome.COMPLETED, EndReason.COMPLETED)  # all of its steps are in
    if code == 0 and (seen.demand is None or seen.done_steps >= seen.max_train_steps):
        return Conclusion(Outcome.COMPLETED, EndReason.COMPLETED)
    if seen.demand is Demand.TIMEOUT:
        return Conclusion(Outcome.FAILED, EndReason.TIMED_OUT)
    if seen.demand in MOVES_ON or seen.ended.cause in ("closed", "deadline", "keeper_lost"):
        return Conclusion(Outcome.PREEMPTED, EndReason.PREEMPTED)
    if code in KILLED:
        return Conclusion(Outcome.FAILED, EndReason.OUT_OF_MEMORY)
    return Conclusion(Outcome.FAILED, EndReason.CRASHED)


def done_steps(progress: Progress, last_step: int, max_train_steps: int) -> int:
    """Steps done by a training that ended well: what it said; else T, if its last evaluation lies
    within one evaluation gap of T; else the last step seen."""
    if progress.done_step is not None:
        return min(max(progress.done_step, last_step), max_train_steps)
    evaluated = progress.evaluated_steps
    gap = evaluated[-1] - evaluated[0] if evaluated else 0
    if evaluated and max_train_steps - evaluated[-1] <= gap:
        return max_train_steps
    return min(last_step, max_train_steps)
