"""Whether a slot can run a job."""

from app.domain.reports import Offers
from app.domain.studies import Job


def can_run(job: Job | str, offers: Offers) -> bool:
    """Whether the slot offers what the job needs; an external job is whoever's claims it."""
    if not isinstance(job, Job):
        return True
    is_known = offers.commands if job.entrypoint is None else job.entrypoint in offers.entrypoints
    has_labels = all(offers.labels.get(name) == value for name, value in job.labels.items())
    return is_known and has_labels and job.gpus <= offers.gpus
