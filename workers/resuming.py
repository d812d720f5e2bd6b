"""What an attempt starts from, fetched before its training stands; the lease is held meanwhile,
for weights may be large and stores slow or away.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from pathlib import Path

import stamina
import structlog

from app.stores.store import StoreAway
from paceline.client import ClientError
from workers.api import AttemptApi, StaleAttempt
from workers.bench import Bench
from workers.checkpoints import fetch
from workers.claim import Claim
from workers.folder import TrialFolder

GRACES = 3  # how long a store may be away before another node gets its chance

log = structlog.get_logger()


class CheckpointMissing(Exception):
    """What the attempt should resume from is known not to be, or not whole, in the store."""


def fetch_resume(claim: Claim, bench: Bench, api: AttemptApi, folder: TrialFolder) -> Path | None:
    """The copy to start from; None: from the beginning. Raises CheckpointMissing; StoreAway where
    nothing is known about the checkpoint; StaleAttempt."""
    if claim.resume is None:
        return None
    with _held(claim, api):
        try:
            for attempt in stamina.retry_context(
                on=lambda error: isinstance(error, OSError) and not bench.stopping.is_set(),
                attempts=None,
                timeout=GRACES * claim.timing.grace_seconds,
            ):
                with attempt:
                    path = fetch(bench.store, claim.resume, folder.resume)
        except StoreAway:
            raise
        except OSError as error:  # a disk that cannot be read says nothing about the checkpoint
            raise StoreAway(f"the checkpoint could not be fetched: {error}") from error
    if path is None:
        raise CheckpointMissing(f"its checkpoint at step {claim.start_step} is not in the store")
    return path


@contextmanager
def _held(claim: Claim, api: AttemptApi) -> Iterator[None]:
    """Heartbeats while the block runs. Raises StaleAttempt at its end if one was disowned."""
    done, is_stale = threading.Event(), threading.Event()

    def beat() -> None:
        while not done.wait(claim.timing.heartbeat_seconds):
            try:
                api.heartbeat({"last_step": claim.start_step})
            except StaleAttempt:
                is_stale.set()
                return
            except ClientError as error:
                log.warning("heartbeat not answered", why=str(error))

    thread = threading.Thread(
        target=copy_context().run, args=(beat,), name=f"holding-{claim.attempt_id}", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    if is_stale.is_set():
        raise StaleAttempt("the attempt went to another worker while its checkpoint was fetched")
