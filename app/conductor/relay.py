"""The relay: wake-ups leave the outbox; without a broker the bell in this process is all."""

from functools import cache

from app.queue.mark import mark_broker
from app.queue.wake import WakeUpNotSent, WakeUpSender
from app.services.context import Context
from app.services.installation import installation_mark
from app.services.wake_ups import send_wake_ups


def relay_wake_ups(context: Context) -> None:
    """Send what waits; a broker that does not answer is tried again at the next turn."""
    if context.settings.broker:
        send_wake_ups(context, _sender(context.settings.broker).wake, WakeUpNotSent)
    else:
        send_wake_ups(context, lambda _: None, WakeUpNotSent)


def mark_broker_as_ours(context: Context) -> None:
    """Nodes look for it to know that their broker is this one."""
    mark = installation_mark(context) if context.settings.broker else None
    if mark is not None:
        mark_broker(context.settings.broker, mark)


@cache
def _sender(broker: str) -> WakeUpSender:
    return WakeUpSender(broker)
