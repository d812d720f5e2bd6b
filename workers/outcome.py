"""How an attempt ended, in the contract's words: a pure function of what was seen."""

from dataclasses import dataclass

from app.domain.states import EndReason, Outcome
from workers.demands import Demand
from workers.launch import Ended
from workers.reporter import Progress

KILLED = frozenset({-9, 137})
NO_MEMORY_WORDS = (  # of Python, C++, PyTorch, JAX, TensorFlow and CUDA, at the end of stderr
    "MemoryError",
    "std::bad_alloc",
    "OutOfMemoryError",
    "CUDA out of memory",
    "CUDA_ERROR_OUT_OF_MEMORY",
    "RESOURCE_EXHAUSTED: Out of memory",
)
LAST_LINES = 20
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
    has_no_memory: bool = False  # it said so itself
    had_no_room: bool = False  # a disk of this node was full


@dataclass(frozen=True, slots=True)
class Conclusion:
    outcome: Outcome
    reason: EndReason

    def document(self) -> dict[str, str]:
        return {"outcome": self.outcome.value, "reason": self.reason.value}


PREEMPTED = Conclusion(Outcome.PREEMPTED, EndReason.PREEMPTED)


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
    return _failed(seen)


def _failed(seen: Seen) -> Conclusion:
    if seen.had_no_room:
        return Conclusion(Outcome.PREEMPTED, EndReason.PREEMPTED)  # no fault of the trial
    if seen.ended.exit_code in KILLED or seen.has_no_memory:
        return Conclusion(Outcome.FAILED, EndReason.OUT_OF_MEMORY)
    return Conclusion(Outcome.FAILED, EndReason.CRASHED)


def says_no_memory(stderr: str) -> bool:
    """Whether the last lines of a training that failed name memory as what it lacked."""
    last = stderr.splitlines()[-LAST_LINES:]
    return any(word in line for line in last for word in NO_MEMORY_WORDS)


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
