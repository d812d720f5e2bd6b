"""What this worker says of itself to the service: at its start, and when a slot's problem comes or
goes."""

import threading
from collections.abc import Callable
from typing import Any

import structlog

from app.stores.store import Store
from paceline.client import Client, ClientError
from workers.api import until_answered

Json = dict[str, Any]  # a registration

log = structlog.get_logger()


class Roster:
    """The registration, kept current; slots speak through it from their threads. The store's nonce
    is read each time: the API that writes it may start after this worker, the store come back."""

    def __init__(self, client: Client, registration: Json, store: Store) -> None:
        self._client, self._registration, self._store = client, registration, store
        self._lock = threading.Lock()
        self._nonce: str | None = None  # of the store, as last said

    def register(self, is_wanted: Callable[[], bool]) -> None:
        """Until it is answered. Raises ProblemError if not let in."""
        for attempt in until_answered(is_wanted):
            with attempt:
                self._say()
        said = self._registration
        log.info("worker registered", worker=said["worker"], slots=said["slots"])

    def note(self, slot: str, problem: str | None) -> None:
        """Say what is wrong with a slot, or that nothing is; unanswered, it is said again soon."""
        with self._lock:
            slots = self._registration["slots"]
            changed = [{**one, "problem": problem} if one["slot"] == slot else one for one in slots]
            self._registration = {**self._registration, "slots": changed}
            try:
                self._say()
            except ClientError as error:
                log.warning("problem of a slot not heard", slot=slot, why=str(error))

    def look_for_store(self) -> None:
        """Say whose store it is, once that can be read."""
        if self._nonce is None and self._store.read_nonce() is not None:
            with self._lock:
                try:
                    self._say()
                except ClientError as error:
                    log.warning("the store's mark not heard", why=str(error))

    def _say(self) -> None:
        nonce = self._store.read_nonce()
        self._client.post("/v1/workers", {**self._registration, "store_nonce": nonce})
        self._nonce = nonce
