"""Wake-ups: from the outbox to whoever sends them, at least once."""

from collections.abc import Callable

from app.db import outbox
from app.db.turns import sizes_waiting
from app.services.context import Context


def send_wake_ups(context: Context, send: Callable[[str], None], not_sent: type[Exception]) -> None:
    """Send one wake-up a queue and forget its messages; what was not sent stays."""
    with context.database.reading() as connection:
        waiting = outbox.pending(connection)
    by_queue: dict[str, list[outbox.Message]] = {}
    for message in waiting:
        by_queue.setdefault(message.queue, []).append(message)
    for queue, messages in by_queue.items():
        try:
            send(queue)
        except not_sent:
            return
        with context.database.writing() as connection:
            outbox.delete_many(connection, messages)
    if by_queue:
        context.bell.ring()


def wake_for_waiting(context: Context) -> None:
    """Leave a wake-up again for every queue with claimable trials: the first may be lost."""
    with context.database.reading() as connection:
        sizes = sizes_waiting(connection)
        known = {message.queue for message in outbox.pending(connection)}
    missing = [gpus for gpus in sizes if outbox.queue_of(gpus) not in known]
    if missing:
        with context.database.writing() as connection:
            for gpus in missing:
                outbox.add_wake_up(connection, gpus)
