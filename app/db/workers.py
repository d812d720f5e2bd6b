"""Workers: the nodes that registered, and whether they take work."""

from dataclasses import dataclass
from typing import Any  # Any: JSON columns, a row of SQLAlchemy

from sqlalchemy import Connection, Row, select, update

from app import wire
from app.db.attempts import IS_LIVE
from app.db.tables import attempts, workers
from app.db.types import now_seconds
from app.db.upserts import upsert
from app.domain.errors import MissingObject
from app.domain.ids import WorkerId
from app.domain.leases import WorkerState
from app.domain.reports import Registration, SlotOffer


@dataclass(frozen=True, slots=True)
class Worker:
    """A registered node."""

    id: WorkerId
    boot_id: str
    name: str
    version: str
    store: str | None
    shares_store: bool
    slots: tuple[SlotOffer, ...]
    entrypoints: tuple[str, ...]
    commands: bool
    labels: dict[str, str] | None
    state: WorkerState
    registered_at: float
    last_seen_at: float


def register(connection: Connection, said: Registration, *, shares_store: bool) -> None:
    """Store what a worker said at its start; a cordon or a drain stays."""
    new = upsert(connection, workers).values(
        id=said.worker,
        boot_id=said.boot_id,
        name=said.name,
        version=said.version,
        store=said.store,
        shares_store=shares_store,
        slots=[wire.to_wire(slot) for slot in said.slots],
        entrypoints=list(said.entrypoints),
        commands=said.commands,
        labels=said.labels,
        state=WorkerState.ACTIVE,
        registered_at=now_seconds(),
        last_seen_at=now_seconds(),
    )
    kept = {"id", "state"}
    changed = {c.name: new.excluded[c.name] for c in workers.columns if c.name not in kept}
    connection.execute(new.on_conflict_do_update(index_elements=["id"], set_=changed))


def see(connection: Connection, worker_id: WorkerId) -> None:
    """The worker was heard just now."""
    connection.execute(
        update(workers).where(workers.c.id == worker_id).values(last_seen_at=now_seconds())
    )


def set_state(connection: Connection, worker_id: WorkerId, state: WorkerState) -> Worker:
    """Let a worker claim, or not. Raises MissingObject."""
    connection.execute(update(workers).where(workers.c.id == worker_id).values(state=state))
    return get(connection, worker_id)


def get(connection: Connection, worker_id: WorkerId) -> Worker:
    """The worker. Raises MissingObject."""
    row = connection.execute(select(workers).where(workers.c.id == worker_id)).one_or_none()
    if row is None:
        raise MissingObject(f"no worker {worker_id} is registered")
    return _worker(row)


def page(connection: Connection, after: str | None, limit: int) -> tuple[list[Worker], str | None]:
    """Workers by id after a position; the position of the last if there are more."""
    query = select(workers).order_by(workers.c.id).limit(limit + 1)
    rows = connection.execute(query.where(workers.c.id > after) if after else query).all()
    found = [_worker(row) for row in rows[:limit]]
    return found, found[-1].id if len(rows) > limit else None


def _worker(row: Row[Any]) -> Worker:
    return Worker(
        id=WorkerId(row.id),
        boot_id=row.boot_id,
        name=row.name,
        version=row.version,
        store=row.store,
        shares_store=row.shares_store,
        slots=tuple(wire.from_wire(SlotOffer, slot) for slot in row.slots),
        entrypoints=tuple(row.entrypoints),
        commands=row.commands,
        labels=row.labels,
        state=WorkerState(row.state),
        registered_at=row.registered_at,
        last_seen_at=row.last_seen_at,
    )


def registered(connection: Connection) -> list[Worker]:
    """Every worker that ever registered."""
    return [_worker(row) for row in connection.execute(select(workers))]


def heard(connection: Connection, within_seconds: float) -> list[Worker]:
    """Workers that were heard lately, by the database's clock."""
    is_live = workers.c.last_seen_at > now_seconds() - within_seconds
    return [_worker(row) for row in connection.execute(select(workers).where(is_live))]


def live(connection: Connection, within_seconds: float) -> list[Worker]:
    """Those of them that may claim."""
    found = heard(connection, within_seconds)
    return [worker for worker in found if worker.state is WorkerState.ACTIVE]


def busy_slots(connection: Connection) -> set[tuple[WorkerId, str]]:
    """Where an attempt runs."""
    query = select(attempts.c.worker, attempts.c.slot).where(IS_LIVE)
    return {(WorkerId(row.worker), row.slot) for row in connection.execute(query)}
