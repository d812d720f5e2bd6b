"""Whether a trial that waits fits what is left of its study's limits."""

from collections.abc import Sequence

from app.db.studies import Study
from app.domain.budget import Reservation, Room, reservation
from app.domain.trials import Trial
from app.settings import Settings


def room_of(study: Study) -> Room:
    """What is neither spent nor reserved."""
    steps, seconds = study.steps.left, study.gpu_seconds.left
    return Room(None if steps is None else int(steps), seconds)


def least_reservation(
    settings: Settings, study: Study, trial: Trial, saved: Sequence[int]
) -> Reservation:
    """What a claim of the trial sets aside at best; `saved`: the steps of its checkpoints."""
    return reservation(
        study.definition.job,
        trial.max_train_steps,
        _cheapest_start(study, trial, saved),
        study.seconds_per_step,
        settings.grace_seconds + settings.lease_seconds,
    )


def _cheapest_start(study: Study, trial: Trial, saved: Sequence[int]) -> int:
    if not study.definition.is_resumable:
        return 0
    prefix = trial.resume.step if trial.resume else 0
    return max([prefix, *(step for step in saved if step <= trial.best.last_step)])
