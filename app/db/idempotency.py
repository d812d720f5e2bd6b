"""Idempotency keys with the answers they stand for, stored in the effect's own transaction."""

from dataclasses import dataclass
from typing import Any  # Any: JSON

from sqlalchemy import Connection, select, update

from app.db.tables import idempotency_keys as keys
from app.db.types import now_seconds
from app.db.upserts import upsert


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What was answered to a key, and the digest of the body it came with."""

    body_digest: str
    answer: dict[str, Any]  # Any: JSON


def take(connection: Connection, key: str, route: str, body_digest: str) -> bool:
    """Whether the key is ours now; another request with it waits until our transaction ends."""
    statement = upsert(connection, keys).values(
        key=key, route=route, body_digest=body_digest, answer={}, created_at=now_seconds()
    )
    taken = statement.on_conflict_do_nothing().returning(keys.c.key)
    return connection.execute(taken).one_or_none() is not None


def get(connection: Connection, key: str, route: str) -> StoredAnswer:
    """What was answered to a key that was taken before."""
    row = connection.execute(
        select(keys.c.body_digest, keys.c.answer).where(keys.c.key == key, keys.c.route == route)
    ).one()
    return StoredAnswer(row.body_digest, row.answer)


def write_answer(
    connection: Connection,
    key: str,
    route: str,
    answer: dict[str, Any],  # Any: JSON
) -> None:
    """Store what was answered to a taken key."""
    mine = (keys.c.key == key) & (keys.c.route == route)
    connection.execute(update(keys).where(mine).values(answer=answer))
