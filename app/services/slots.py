"""Whether a live slot of any registered worker can run a study's job."""

from app.db import workers
from app.db.database import Connection
from app.domain.matching import can_run
from app.domain.reports import Offers
from app.domain.studies import Job, StudyDefinition

HEARD_WITHIN_SECONDS = 90.0  # a claim waits 30 s at most, a heartbeat comes every 15


def fits_a_live_slot(connection: Connection, definition: StudyDefinition) -> bool:
    """An external job needs none: its runner need not be registered. Labels are not registered."""
    job = definition.job
    if not isinstance(job, Job):
        return True
    return any(
        can_run(job, Offers(slot.gpus, worker.entrypoints, worker.commands, job.labels))
        for worker in workers.live(connection, HEARD_WITHIN_SECONDS)
        for slot in worker.slots
    )
