"""The thread that carries one attempt's checkpoints to the store and then registers them, in order.
It stands beside the reporter: a store that is away holds up neither training nor measurements.
"""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import stamina
import structlog

from app.stores.store import Store, Stored, StoreRefused
from paceline.client import ClientError, ProblemError
from workers.api import AttemptApi, StaleAttempt, until_answered
from workers.attempt_thread import AttemptThread
from workers.checkpoints import key_of
from workers.claim import Claim
from workers.folder import TrialFolder
from workers.tail import Saved

log = structlog.get_logger()


class Courier(AttemptThread):
    """Hand over, close, join; starts with the first checkpoint. While the training runs a store
    that is away is tried for as long as it takes, after its end for `silence_seconds`."""

    def __init__(self, claim: Claim, api: AttemptApi, folder: TrialFolder, store: Store) -> None:
        super().__init__(f"courier-{claim.attempt_id}")
        self.is_stale = False
        self._claim, self._api, self._folder, self._store = claim, api, folder, store
        self._queue: SimpleQueue[Saved | None] = SimpleQueue()
        self._abandoned = threading.Event()
        self._closed_at: float | None = None

    def hand_over(self, saved: Saved) -> None:
        """The measurements up to its step are acknowledged."""
        if self.ident is None:
            self.start()
        self._queue.put(saved)

    def close(self) -> None:
        """The training has ended: what was handed over is all."""
        self._closed_at = time.monotonic()
        self._queue.put(None)

    def abandon(self) -> None:
        """Nobody wants the rest any more: end at the next chance."""
        self._abandoned.set()
        self._queue.put(None)

    def work(self) -> None:
        try:
            while (saved := self._queue.get()) is not None and not self._abandoned.is_set():
                self._carry(saved)
        except StaleAttempt as stale:
            log.warning("attempt is no longer ours", why=str(stale))
            self.is_stale = True
        except ClientError as error:
            log.warning("checkpoints abandoned", why=str(error))

    def _carry(self, saved: Saved) -> None:
        source = self._folder.path / saved.path  # an absolute path stays itself
        try:
            for attempt in self._until_stored(source):
                with attempt:
                    stored = self._store.put(source, key_of(self._claim, saved.step, source))
        except (OSError, ValueError) as error:  # ValueError: a path that is none
            log.error(
                "checkpoint lost: it never reached the store; the trial goes on without it",
                step=saved.step,
                path=saved.path,
                why=str(error),
            )
            return
        self._register(saved.step, stored)

    def _until_stored(self, source: Path) -> Iterator[stamina.Attempt]:
        def may_pass(error: Exception) -> bool:
            is_gone = isinstance(error, FileNotFoundError) and not source.exists()
            return isinstance(error, OSError) and not is_gone and self._has_time_for(error)

        return stamina.retry_context(on=may_pass, attempts=None, timeout=None).__iter__()

    def _has_time_for(self, error: OSError) -> bool:
        if self._abandoned.is_set():
            return False
        if self._closed_at is None:
            return True
        limit = 0.0 if isinstance(error, StoreRefused) else self._claim.timing.silence_seconds
        return time.monotonic() < self._closed_at + limit

    def _register(self, step: int, stored: Stored) -> None:
        body = {
            "step": step,
            "store": self._store.url,
            "key": stored.key,
            "bytes": stored.size_bytes,
            "sha256": stored.sha256,
        }
        try:
            for attempt in until_answered(lambda: not self._abandoned.is_set()):
                with attempt:
                    answer = self._api.checkpoint(body)
        except ProblemError as problem:
            log.warning("checkpoint refused", step=step, why=str(problem))
            self._drop(stored.key)
            return
        for key in (answer or {}).get("drop", ()):
            self._drop(key)

    def _drop(self, key: str) -> None:
        try:
            self._store.drop(key)
        except (OSError, ValueError) as error:
            log.warning(
                "superfluous checkpoint not deleted; `paceline checkpoints orphans` finds it",
                key=key,
                why=str(error),
            )
