"""Curves: batches of measurements, the best step kept incrementally, and the lineage that says
which points count."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.domain.errors import InvalidInput
from app.domain.ids import AttemptId
from app.domain.studies import MAX_STEPS, Direction


@dataclass(frozen=True, slots=True)
class Batch:
    """Measurements of one post: `steps` ascending and unique, each metric as long, NaN kept, None
    = not measured."""

    steps: tuple[int, ...]
    metrics: Mapping[str, tuple[float | None, ...]]

    def __post_init__(self) -> None:
        for name, values in self.metrics.items():
            if len(values) != len(self.steps):
                raise InvalidInput(
                    f"metric {name} has {len(values)} values for {len(self.steps)} steps;"
                    " send one a step"
                )
        for before, after in zip(self.steps, self.steps[1:], strict=False):
            if after <= before:
                raise InvalidInput(f"steps must ascend without repeats; {after} follows {before}")
        if self.steps and not 0 <= self.steps[0] <= self.steps[-1] <= MAX_STEPS:
            raise InvalidInput(f"steps lie between 0 and {MAX_STEPS}")


@dataclass(frozen=True, slots=True)
class Segment:
    """The part of a trial's curve that one attempt wrote: from_step ... to_step, both included;
    None = to its end."""

    attempt_id: AttemptId
    from_step: int
    to_step: int | None = None

    def covers(self, step: int) -> bool:
        return self.from_step <= step and (self.to_step is None or step <= self.to_step)


Lineage = tuple[Segment, ...]


def continue_lineage(lineage: Lineage, attempt_id: AttemptId, resume_step: int | None) -> Lineage:
    """The lineage once `attempt_id` resumes at `resume_step`; None starts anew and masks all, step
    0 included."""
    if resume_step is None:
        return (Segment(attempt_id, 0),)
    kept = (replace(s, to_step=_earlier(s.to_step, resume_step)) for s in lineage)
    return (
        *(s for s in kept if s.to_step is None or s.to_step >= s.from_step),
        Segment(attempt_id, resume_step + 1),
    )


def lies_on(lineage: Lineage, attempt_id: AttemptId, step: int) -> bool:
    """Whether what an attempt wrote or saved at a step counts for the trial."""
    return any(part.attempt_id == attempt_id and part.covers(step) for part in lineage)


def _earlier(to_step: int | None, limit: int) -> int:
    return limit if to_step is None else min(to_step, limit)


@dataclass(frozen=True, slots=True)
class Best:
    """What retrospective checkpoint selection picks: the best finite value, the earliest step on
    ties."""

    step: int | None = None
    value: float | None = None
    last_step: int = 0
    first_nonfinite_step: int | None = None


def follow(best: Best, batch: Batch, metric: str, direction: Direction) -> Best:
    """`best` after a batch: constant work a point, the same whatever the order of the batches."""
    for name, values in batch.metrics.items():
        for step, value in zip(batch.steps, values, strict=True):
            if value is not None and not math.isfinite(value):
                best = replace(best, first_nonfinite_step=_least(best.first_nonfinite_step, step))
            elif value is not None and name == metric and _improves(best, step, value, direction):
                best = replace(best, step=step, value=value)
    last = batch.steps[-1] if batch.steps else 0
    return replace(best, last_step=max(best.last_step, last))


def _least(known: int | None, step: int) -> int:
    return step if known is None else min(known, step)


def _improves(best: Best, step: int, value: float, direction: Direction) -> bool:
    if best.value is None or best.step is None:
        return True
    return (direction.sign * value, step) < (direction.sign * best.value, best.step)


def steps_beyond(steps: Sequence[int], horizon_steps: int) -> int | None:
    """The first step beyond the horizon (HZN103), if there is one."""
    return next((step for step in steps if step > horizon_steps), None)
