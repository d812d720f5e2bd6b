"""Reviews every round whose last trial has ended."""

import structlog
from structlog.contextvars import bind_contextvars

from app.services.context import Context
from app.services.reviews import note_failure, review_round, rounds_to_review

log = structlog.get_logger()


def review_rounds(context: Context) -> int:
    """How many were reviewed; one that fails stays in review, says why, and holds up no other."""
    reviewed = 0
    for study_id, number in rounds_to_review(context):
        bind_contextvars(study_id=study_id, round=number)
        try:
            if review_round(context, study_id, number):
                log.info("round reviewed")
                reviewed += 1
        except Exception as error:
            trace_id = note_failure(context, study_id, number, error)
            log.error("review failed", trace_id=trace_id, exc_info=error)
    return reviewed
