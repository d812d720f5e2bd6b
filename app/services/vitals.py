"""Whether the service itself is well: who sweeps and leads, what lies unsent, how attempts end."""

from dataclasses import dataclass

from app.db import service_state, vitals
from app.db.advisory import CONDUCTOR
from app.db.database import Connection
from app.db.vitals import SlotGpus
from app.services.context import Context

LED_WITHIN_SWEEPS = 3  # where one process does all, its sweeps are the sign that it leads


@dataclass(frozen=True, slots=True)
class Vitals:
    """Seconds by the database's clock; None: it never happened."""

    sweep_age_seconds: float | None
    outbox_age_seconds: float
    leaders: int
    ended: dict[tuple[str, str], int]  # by state and reason
    gpus: tuple[SlotGpus, ...]


def take_vitals(context: Context) -> Vitals:
    """The signs of this moment."""
    with context.database.reading() as connection:
        watch, now = service_state.watch(connection)
        age = None if watch.last_sweep_at is None else max(0.0, now - watch.last_sweep_at)
        return Vitals(
            sweep_age_seconds=age,
            outbox_age_seconds=vitals.oldest_message_seconds(connection),
            leaders=_leaders(context, connection, age),
            ended=vitals.ended_attempts(connection),
            gpus=tuple(vitals.gpus_in_use(connection)),
        )


def _leaders(context: Context, connection: Connection, sweep_age: float | None) -> int:
    if not context.database.is_sqlite:
        return vitals.leaders(connection, CONDUCTOR)
    within = LED_WITHIN_SWEEPS * context.settings.sweep_seconds
    return int(sweep_age is not None and sweep_age <= within)


@dataclass(frozen=True, slots=True)
class Connections:
    """Of this process to the database: open ones by what they do, and how many it may open."""

    in_use: int
    idle: int
    limit: int


def count_connections(context: Context) -> Connections:
    """The pool of this process."""
    return Connections(*context.database.pool_use())
