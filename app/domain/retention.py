"""Which checkpoints of a trial are kept: the best, the last, and those a longer run may resume
from."""

from collections.abc import Sequence

from app.domain.curves import lies_on
from app.domain.studies import Direction
from app.domain.trials import Checkpoint, Trial


def superfluous(
    saved: Sequence[Checkpoint], trial: Trial, direction: Direction
) -> list[Checkpoint]:
    """Those that may go, once a newer one is acknowledged (contract section 6).

    What a resume has masked goes, whatever its step: no attempt may start from it any more.
    """
    counting = _counting(saved, trial)
    if not counting:
        return []
    last = max(counting, key=lambda one: one.step)
    best = best_of(saved, trial, direction)
    kept = [one for one in counting if one in (last, best) or one.step in trial.checkpoint_steps]
    return [one for one in saved if one not in kept]


def best_of(saved: Sequence[Checkpoint], trial: Trial, direction: Direction) -> Checkpoint | None:
    """The best of those that count; the last, where none has a value."""
    counting = _counting(saved, trial)
    last = max(counting, key=lambda one: one.step, default=None)
    valued = [one for one in counting if one.value is not None]
    return min(valued, key=lambda one: (_rank(one, direction), one.step), default=last)


def _counting(saved: Sequence[Checkpoint], trial: Trial) -> list[Checkpoint]:
    return [one for one in saved if lies_on(trial.lineage, one.attempt_id, one.step)]


def _rank(one: Checkpoint, direction: Direction) -> float:
    return direction.sign * (one.value if one.value is not None else float("inf"))
