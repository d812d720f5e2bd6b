"""Whether registered workers can run a study's job, and what about them a person should know."""

from app.db import workers
from app.db.database import Connection
from app.db.workers import Worker
from app.domain.matching import can_run, has_labels, knows
from app.domain.reports import Offers, SlotOffer
from app.domain.studies import Job, StudyDefinition

HEARD_WITHIN_SECONDS = 90.0  # a claim waits 30 s at most, a heartbeat comes every 15
LOOK = "`paceline worker ls`"


def why_no_slot(connection: Connection, definition: StudyDefinition) -> str | None:
    """Why nobody can run the study's job now; None: somebody can. An external job needs no slot:
    its runner need not be registered."""
    job = definition.job
    if not isinstance(job, Job):
        return None
    live = workers.live(connection, HEARD_WITHIN_SECONDS)
    slots = [(_offers(worker, slot, job), slot) for worker in live for slot in worker.slots]
    able = [slot for offers, slot in slots if can_run(job, offers)]
    if any(slot.problem is None for slot in able):
        return None
    return _why([offers for offers, _ in slots], able, job)


def _why(offers: list[Offers], able: list[SlotOffer], job: Job) -> str:
    """The first need that no slot meets, with what to do."""
    if not offers:
        return f"no worker that takes work is there ({LOOK} shows those away, cordoned or draining)"
    knowing = [one for one in offers if knows(job, one)]
    if not knowing:
        what = "commands" if job.entrypoint is None else f"the entrypoint {job.entrypoint}"
        where = "--allow-commands" if job.entrypoint is None else "it under `entrypoints`"
        return f"no worker that is there runs {what}: start one with {where}"
    if not any(has_labels(job, one) for one in knowing):
        wanted = ", ".join(f"{name}={value}" for name, value in sorted(job.labels.items()))
        return f"no worker that is there has the labels {wanted} and runs this job ({LOOK})"
    if not able:
        return f"no slot with {job.gpus} GPUs is there on a worker that runs this job ({LOOK})"
    return f"every slot that fits has a problem: {able[0].problem}"


def _offers(worker: Worker, slot: SlotOffer, job: Job) -> Offers:
    return Offers(slot.gpus, worker.entrypoints, worker.commands, _labels(worker, job))


def _labels(worker: Worker, job: Job) -> dict[str, str]:
    """Its labels; one that did not say any may have those that the job asks for."""
    return job.labels if worker.labels is None else worker.labels


def warnings_about(connection: Connection, definition: StudyDefinition) -> tuple[str, ...]:
    """What stands in the way of this study's job, or makes it dearer, on the nodes there are."""
    job = definition.job
    if not isinstance(job, Job):
        return ()
    known = workers.registered(connection) if job.gpus or job.labels else []
    found = (_too_large(known, job), _unlabelled(known, job), _unshared(connection, job))
    return tuple(words for words in found if words)


def _too_large(known: list[Worker], job: Job) -> str | None:
    if job.gpus == 0:
        return None
    largest = max((slot.gpus for worker in known for slot in worker.slots), default=None)
    if largest is not None and job.gpus <= largest:
        return None
    there_is = "none is registered yet" if largest is None else f"the largest holds {largest}"
    return (
        f"no registered slot holds the {job.gpus} GPUs of this job; {there_is}:"
        f" start a worker with --gpus-per-slot {job.gpus}, or lower job.gpus"
    )


def _unlabelled(known: list[Worker], job: Job) -> str | None:
    said = [_labels(worker, job) for worker in known]
    wanted = sorted(f"{name}={value}" for name, value in job.labels.items())
    there_are = sorted({f"{name}={value}" for one in said for name, value in one.items()})
    missing = [words for words in wanted if words not in there_are]
    if not missing:
        return None
    if not known:
        there_is = "none is registered yet"
    elif there_are:
        there_is = f"{len(known)} registered, with {', '.join(there_are)}"
    else:
        there_is = f"{len(known)} registered, without any label"
    return (
        f"no registered worker has what job.labels asks for: {', '.join(missing)} ({there_is});"
        f" start a worker with --label {missing[0]}, or change job.labels"
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
