"""The checkpoints of this worker: under which key they are stored, and how one is fetched."""

import re
from pathlib import Path

import structlog

from app.stores.opening import open_store
from app.stores.store import BadKey, Store, Wanted
from workers.claim import Claim, Resume

PLAIN_SUFFIX = re.compile(r"\.[A-Za-z0-9_+-]{1,32}")

log = structlog.get_logger()


def worker_store(url: str, state_dir: Path) -> Store:
    """The store at the URL; unsaid: a folder beside the worker's state. Raises StoreUnusable."""
    return open_store(url or str(state_dir.resolve() / "checkpoints"))


def key_of(claim: Claim, step: int, source: Path) -> str:
    """Contains the attempt's id, so that two attempts never write the same."""
    suffix = source.suffix if PLAIN_SUFFIX.fullmatch(source.suffix) else ""
    return f"{claim.trial['study_id']}/{claim.trial['id']}/{claim.attempt_id}/{step}{suffix}"


def fetch(store: Store, resume: Resume, folder: Path) -> Path | None:
    """A copy for the training to open; None: it is not, or not whole, in the store, by whatever
    URL it was registered: stores that are shared are mounted here and there. Raises StoreAway."""
    try:
        return store.fetch(Wanted(resume.key, resume.size_bytes, resume.sha256), folder)
    except BadKey as error:
        log.error("checkpoint not fetched", why=str(error))
        return None
