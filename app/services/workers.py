"""Workers: registration, and whether they take work; the nonce shows who shares the store."""

import secrets
from pathlib import Path
from urllib.parse import unquote, urlsplit

from app.db import service_state, workers
from app.db.workers import Worker
from app.domain.ids import WorkerId
from app.domain.leases import WorkerState
from app.domain.reports import Registration
from app.services.context import Context

NONCE_FILE = ".paceline-store"


def register_worker(context: Context, said: Registration) -> Worker:
    """Store what the worker said; it shares the store if it read there what the API wrote."""
    with context.database.writing() as connection:
        nonce = service_state.text_of(connection, "store_nonce")
        shares_store = nonce is not None and said.store_nonce == nonce
        workers.register(connection, said, shares_store=shares_store)
        return workers.get(connection, said.worker)


def list_workers(
    context: Context, after: str | None, limit: int
) -> tuple[list[Worker], str | None]:
    """A page of workers, and the position of the next."""
    with context.database.reading() as connection:
        return workers.page(connection, after, limit)


def set_worker_state(context: Context, worker_id: WorkerId, state: WorkerState) -> Worker:
    """Cordon: claims nothing new; drain: what runs checkpoints and moves on; or take work again."""
    with context.database.writing() as connection:
        worker = workers.set_state(connection, worker_id, state)
    context.bell.ring()
    return worker


def write_store_nonce(context: Context) -> None:
    """Write the nonce into the API's own store, where workers that share it will read it."""
    with context.database.writing() as connection:
        nonce = service_state.text_once(connection, "store_nonce", secrets.token_hex(16))
    place = urlsplit(context.settings.resolved_store)
    if place.scheme == "file":
        folder = Path(unquote(place.path))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / NONCE_FILE).write_text(nonce + "\n")
