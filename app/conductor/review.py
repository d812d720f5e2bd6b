"""Reviews every round whose last trial has ended."""

import structlog

from app.services.context import Context
from app.services.reviews import review_round, rounds_to_review

log = structlog.get_logger()


def review_rounds(context: Context) -> int:
    """How many were reviewed; one that fails stays in review and holds up no other."""
    reviewed = 0
    for study_id, number in rounds_to_review(context):
        try:
            reviewed += review_round(context, study_id, number)
        except Exception as error:
            log.error("review failed", study_id=study_id, round=number, exc_info=error)
    return reviewed
