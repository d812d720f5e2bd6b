"""The sweep: leases that lapsed, limits that are spent, wake-ups that were lost."""

import structlog

from app.services.context import Context
from app.services.leases import mark_expired
from app.services.spent_limits import end_spent_studies
from app.services.wake_ups import wake_for_waiting

log = structlog.get_logger()


def sweep_leases(context: Context) -> None:
    """Mark what may be taken over, end what can no longer be afforded, wake whoever is idle."""
    for attempt_id in mark_expired(context):
        log.warning("lease lapsed: another slot may take the trial over", attempt_id=attempt_id)
    end_spent_studies(context)
    wake_for_waiting(context)
