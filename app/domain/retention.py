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
    counting = [one for one in saved if lies_on(trial.lineage, one.attempt_id, one.step)]
    if not counting:
        return []
    last = max(counting, key=lambda one: one.step)
    valued = [one for one in counting if one.value is not None]
    best = min(valued, key=lambda one: (_rank(one, direction), one.step), default=last)
    kept = [one for one in counting if one in (last, best) or one.step in trial.checkpoint_steps]
    return [one for one in saved if one not in kept]


def _rank(one: Checkpoint, direction: Direction) -> float:
    return direction.sign * (one.value if one.value is not None else float("inf"))
