"""Requests that may come twice: the key is taken before the effect, in the effect's transaction."""

from app.db import idempotency
from app.db.database import Connection
from app.domain.errors import KeyReused
from app.services.request_keys import RequestKey

Answer = dict[str, object]


def earlier_answer(connection: Connection, key: RequestKey | None) -> Answer | None:
    """What this key was answered before; None: it is now taken, and `keep_answer` must follow.

    Raises KeyReused where it came with another body.
    """
    if key is None or idempotency.take(connection, key.key, key.route, key.body_digest):
        return None
    stored = idempotency.get(connection, key.key, key.route)
    if stored.body_digest != key.body_digest:
        raise KeyReused(
            f"Idempotency-Key {key.key!r} was used before with another body",
            hint="use a new key for a new request",
        )
    return stored.answer


def keep_answer(connection: Connection, key: RequestKey | None, answer: Answer) -> None:
    """Store what the key is answered from now on."""
    if key is not None:
        idempotency.write_answer(connection, key.key, key.route, answer)
