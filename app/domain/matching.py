"""Whether a slot can run a job."""

from app.domain.reports import Offers
from app.domain.studies import Job


def can_run(job: Job | str, offers: Offers) -> bool:
    """Whether the slot offers what the job needs; an external job is whoever's claims it."""
    if not isinstance(job, Job):
        return True
    return knows(job, offers) and has_labels(job, offers) and job.gpus <= offers.gpus


def knows(job: Job, offers: Offers) -> bool:
    """Whether it runs such programs at all."""
    return offers.commands if job.entrypoint is None else job.entrypoint in offers.entrypoints


def has_labels(job: Job, offers: Offers) -> bool:
    return all(offers.labels.get(name) == value for name, value in job.labels.items())
