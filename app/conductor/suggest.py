"""Keeps a few points of adaptive samplers ready ahead of the workers."""

import structlog
from structlog.contextvars import bind_contextvars

from app.services.context import Context
from app.services.suggestions import rounds_owing, top_up

log = structlog.get_logger()


def suggest_points(context: Context) -> int:
    """How many points were added; a sampler that fails holds up no other round."""
    added = 0
    for study_id, number in rounds_owing(context):
        bind_contextvars(study_id=study_id, round=number)
        try:
            added += top_up(context, study_id, number)
        except Exception as error:
            log.error("suggesting failed", exc_info=error)
    return added
