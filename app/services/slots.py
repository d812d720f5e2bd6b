"""Whether registered workers can run a study's job, and what about them a person should know."""

from app.db import workers
from app.db.database import Connection
from app.db.workers import Worker
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


def warnings_about(connection: Connection, definition: StudyDefinition) -> tuple[str, ...]:
    """What stands in the way of this study's job, or makes it dearer, on the nodes there are."""
    job = definition.job
    if not isinstance(job, Job):
        return ()
    found = (_too_large(connection, job), _unshared(connection, job))
    return tuple(words for words in found if words)


def _too_large(connection: Connection, job: Job) -> str | None:
    if job.gpus == 0:
        return None
    largest = workers.largest_slot(connection)
    if largest is not None and job.gpus <= largest:
        return None
    known = "none is registered yet" if largest is None else f"the largest holds {largest}"
    return (
        f"no registered slot holds the {job.gpus} GPUs of this job; {known}:"
        f" start a worker with --gpus-per-slot {job.gpus}, or lower job.gpus"
    )


def _unshared(connection: Connection, job: Job) -> str | None:
    """Only among several live nodes does it matter who can read whose checkpoints."""
    live = workers.live(connection, HEARD_WITHIN_SECONDS) if job.resumable else []
    alone: list[Worker] = [worker for worker in live if not worker.shares_store]
    if len(live) < 2 or not alone:
        return None
    names = ", ".join(sorted(worker.name for worker in alone))
    return (
        f"these workers do not share the checkpoint store: {names}. A trial that moves to or from"
        " them starts again at step 0; give all of them the same --store"
    )
