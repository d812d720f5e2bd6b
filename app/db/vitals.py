"""What an operator watches, read from the database, so the same whichever process is asked."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select, text

from app.db import service_state
from app.db.attempt_rows import gpus_of
from app.db.attempts import IS_LIVE
from app.db.tables import attempts, outbox
from app.domain.gpus import GpuUse

_LEADERS = text(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    " AND objid = :key AND database = (SELECT oid FROM pg_database"
    " WHERE datname = current_database())"
)


@dataclass(frozen=True, slots=True)
class SlotGpus:
    """The GPUs of an attempt that runs, and what it does with them."""

    worker: str
    slot: str
    gpus: tuple[GpuUse, ...]


def oldest_message_seconds(connection: Connection) -> float:
    """How long the first message waits to be sent; 0 where none does."""
    oldest = connection.scalar(select(func.min(outbox.c.created_at)))
    return 0.0 if oldest is None else max(0.0, service_state.clock(connection) - oldest)


def ended_attempts(connection: Connection) -> dict[tuple[str, str], int]:
    """How many attempts ended, by state and reason."""
    a = attempts.c
    query = select(a.state, a.reason, func.count().label("ended")).where(a.ended_at.is_not(None))
    rows = connection.execute(query.group_by(a.state, a.reason).order_by(a.state, a.reason))
    return {(row.state, row.reason or "none"): row.ended for row in rows}


def gpus_in_use(connection: Connection) -> list[SlotGpus]:
    """Of each live attempt that told of GPUs."""
    a = attempts.c
    query = select(a.worker, a.slot, a.gpu).where(IS_LIVE, a.gpu.is_not(None))
    rows = connection.execute(query.order_by(a.worker, a.slot))
    return [SlotGpus(row.worker, row.slot, gpus_of(row.gpu)) for row in rows]


def leaders(connection: Connection, key: int) -> int:
    """How many sessions of this PostgreSQL database hold the advisory lock: one or none."""
    return int(connection.scalar(_LEADERS, {"key": key}) or 0)
