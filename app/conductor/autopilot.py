"""Accepts open recommendations that a change of limits or autopilot made acceptable."""

import structlog
from structlog.contextvars import bind_contextvars

from app.services.autopilot import open_recommendations, try_accepting
from app.services.context import Context

log = structlog.get_logger()


def apply_autopilot(context: Context) -> int:
    """How many were accepted; one that fails holds up no other."""
    accepted = 0
    for study_id, wanted in open_recommendations(context):
        bind_contextvars(study_id=study_id)
        try:
            if try_accepting(context, study_id, wanted):
                log.info("recommendation accepted by the autopilot", recommendation_id=wanted)
                accepted += 1
        except Exception as error:
            log.error("autopilot failed", exc_info=error)
    return accepted
