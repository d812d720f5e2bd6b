"""Whether what a round will spend fits what is left of a study's limits."""

from app.db.studies import SECONDS_PER_HOUR, Study
from app.domain.recommendations import Cost


def has_room(study: Study, cost: Cost) -> bool:
    """Steps and GPU-hours alike; a study without limits always has room."""
    steps, seconds = study.steps.left, study.gpu_seconds.left
    fits_steps = steps is None or cost.steps <= steps
    return fits_steps and (seconds is None or cost.gpu_hours * SECONDS_PER_HOUR <= seconds)
