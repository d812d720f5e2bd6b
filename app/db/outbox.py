"""The outbox: wake-ups committed with their effect, sent by the conductor, at least once."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from app.db.tables import outbox
from app.db.types import now_seconds

WAKE = "wake"


@dataclass(frozen=True, slots=True)
class Message:
    """A wake-up for the workers of one queue."""

    id: int
    queue: str


def queue_of(gpus: int) -> str:
    """The resource class whose workers may run a job with so many GPUs."""
    return f"gpu-{gpus}" if gpus else "cpu"


def add_wake_up(connection: Connection, gpus: int) -> None:
    """Say that there may be work."""
    connection.execute(
        insert(outbox).values(kind=WAKE, queue=queue_of(gpus), created_at=now_seconds())
    )


def pending(connection: Connection, limit: int = 500) -> list[Message]:
    """Messages to send, oldest first."""
    query = select(outbox.c.id, outbox.c.queue).order_by(outbox.c.id).limit(limit)
    return [Message(row.id, row.queue) for row in connection.execute(query)]


def delete_many(connection: Connection, messages: list[Message]) -> None:
    """Forget messages that were sent."""
    ids = [message.id for message in messages]
    connection.execute(delete(outbox).where(outbox.c.id.in_(ids)))
