"""Each API process says every sweep interval that it is there, so that an outage is known as one
(leases wait for it)."""

import threading

import structlog

from app.services.context import Context
from app.services.leases import note_api_seen
from app.services.workers import write_store_nonce

log = structlog.get_logger()


class Presence:
    """A thread that notes `api_seen_at`; a database that does not answer is tried again."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._gone = threading.Event()
        self._thread = threading.Thread(target=self._run, name="presence", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._gone.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        has_signed = False
        while True:
            try:
                note_api_seen(self._context)
                has_signed = has_signed or self._sign_store()
            except Exception as error:  # noqa: BLE001 - a thread's edge: the database may be away
                log.warning("could not note that this API is there", error=str(error))
            if self._gone.wait(self._context.settings.sweep_seconds):
                return

    def _sign_store(self) -> bool:
        try:
            if write_store_nonce(self._context):
                log.warning(
                    "a checkpoint store that was not this installation's before: is --store the "
                    "same for all APIs, conductors and workers?",
                    store=self._context.settings.resolved_store,
                )
        except OSError as error:
            log.error(
                "checkpoint store away: until it is back and workers register again, they count "
                "as ones with a store of their own",
                error=str(error),
            )
            return False
        return True
