"""What the service remembers about itself: the server's key, the store's nonce, who was seen."""

from sqlalchemy import Connection, select

from app.db.tables import service_state as state
from app.db.types import now_seconds
from app.db.upserts import upsert
from app.domain.leases import Watch

_WATCH = ("last_sweep_at", "api_seen_at", "quiet_until")


def text_once(connection: Connection, name: str, proposed: str) -> str:
    """The stored text; the proposed one if nothing was stored, the same for all who ask at once."""
    first = upsert(connection, state).values(name=name, text=proposed)
    connection.execute(first.on_conflict_do_nothing(index_elements=["name"]))
    return text_of(connection, name) or proposed


def text_of(connection: Connection, name: str) -> str | None:
    """The stored text, if there is one."""
    return connection.scalar(select(state.c.text).where(state.c.name == name))


def number_of(connection: Connection, name: str) -> float | None:
    """The stored number, if there is one."""
    return connection.scalar(select(state.c.number).where(state.c.name == name))


def count(connection: Connection, name: str) -> None:
    """One more."""
    first = upsert(connection, state).values(name=name, number=1.0)
    more = {"number": state.c.number + 1.0}
    connection.execute(first.on_conflict_do_update(index_elements=["name"], set_=more))


def watch(connection: Connection) -> tuple[Watch, float]:
    """Who was there when, and the database's clock."""
    rows = connection.execute(
        select(state.c.name, state.c.number).where(state.c.name.in_(_WATCH))
    ).all()
    found = {row.name: row.number for row in rows if row.number is not None}
    return Watch(**found), clock(connection)


def note(connection: Connection, **numbers: float) -> None:
    """Store numbers under their names."""
    statement = upsert(connection, state)
    statement = statement.on_conflict_do_update(
        index_elements=["name"], set_={"number": statement.excluded.number}
    )
    rows = [{"name": name, "number": number} for name, number in sorted(numbers.items())]
    connection.execute(statement, rows)


def clock(connection: Connection) -> float:
    """The database's clock, as epoch seconds."""
    return float(connection.execute(select(now_seconds())).scalar_one())
