"""Workers: registration, and whether they take work; the nonce shows who shares the store."""

import secrets
from dataclasses import dataclass

from app.db import service_state, timelines, workers
from app.db.database import Connection
from app.db.timelines import Stay
from app.db.workers import Worker
from app.domain.ids import WorkerId
from app.domain.leases import WorkerState
from app.domain.reports import Registration
from app.services.context import Context
from app.services.slots import HEARD_WITHIN_SECONDS
from app.stores.opening import open_store


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A worker, whether it was heard lately, and what its slots did, by their names."""

    worker: Worker
    is_live: bool
    stays: dict[str, list[Stay]]


def register_worker(context: Context, said: Registration) -> WorkerView:
    """Store what the worker said; it shares the store if it read there what the API wrote."""
    with context.database.writing() as connection:
        nonce = service_state.text_of(connection, "store_nonce")
        shares_store = nonce is not None and said.store_nonce == nonce
        workers.register(connection, said, shares_store=shares_store)
        return _views(connection, [workers.get(connection, said.worker)])[0]


def list_workers(
    context: Context, after: str | None, limit: int
) -> tuple[list[WorkerView], str | None]:
    """A page of workers, and the position of the next."""
    with context.database.reading() as connection:
        found, following = workers.page(connection, after, limit)
        return _views(connection, found), following


def set_worker_state(context: Context, worker_id: WorkerId, state: WorkerState) -> WorkerView:
    """Cordon: claims nothing new; drain: what runs checkpoints and moves on; or take work again."""
    with context.database.writing() as connection:
        worker = workers.set_state(connection, worker_id, state)
        view = _views(connection, [worker])[0]
    context.bell.ring()
    return view


def _views(connection: Connection, found: list[Worker]) -> list[WorkerView]:
    places = [(worker.id, slot.slot) for worker in found for slot in worker.slots]
    stays = timelines.of_places(connection, places)
    now = service_state.clock(connection)
    return [
        WorkerView(
            worker,
            now - worker.last_seen_at <= HEARD_WITHIN_SECONDS,
            {slot.slot: stays.get((worker.id, slot.slot), []) for slot in worker.slots},
        )
        for worker in found
    ]


def write_store_nonce(context: Context) -> bool:
    """Write the nonce into the API's own store, where workers that share it will read it. True: the
    installation had a nonce, and this store did not: it may not be the one that others use."""
    fresh = secrets.token_hex(16)
    with context.database.writing() as connection:
        nonce = service_state.text_once(connection, "store_nonce", fresh)
    store = open_store(context.settings.resolved_store)
    is_marked = store.read_nonce() == nonce
    if not is_marked:
        store.write_nonce(nonce)
    return not is_marked and nonce != fresh
