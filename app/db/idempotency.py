"""Idempotency keys with the answers they stand for, stored in the effect's own transaction."""

from dataclasses import dataclass
from typing import Any  # Any: JSON

from sqlalchemy import Connection, insert, select

from app.db.tables import idempotency_keys as keys
from app.db.types import now_seconds


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What was answered to a key, and the digest of the body it came with."""

    body_digest: str
    answer: dict[str, Any]  # Any: JSON


def find(connection: Connection, key: str, route: str) -> StoredAnswer | None:
    """The answer given before to this key on this route."""
    row = connection.execute(
        select(keys.c.body_digest, keys.c.answer).where(keys.c.key == key, keys.c.route == route)
    ).one_or_none()
    return StoredAnswer(row.body_digest, row.answer) if row else None


def insert_one(connection: Connection, key: str, route: str, stored: StoredAnswer) -> None:
    """Store an answer; a key used at the same moment by another request violates the primary key."""
    connection.execute(
        insert(keys).values(
            key=key,
            route=route,
            body_digest=stored.body_digest,
            answer=stored.answer,
            created_at=now_seconds(),
        )
    )
