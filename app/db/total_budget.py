"""What all studies together may spend: the installation's own limits, and what is left of them.

Nothing is counted twice: the studies' rows are the books. Where a limit is set, a claim reserves in
its study's row first, then holds the limits' rows and adds up all studies; so of two claims that
race for the last steps the second sees what the first reserved.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, ScalarSelect, case, func, select

from app.db.studies import Usage
from app.db.tables import service_state, studies
from app.db.upserts import upsert
from app.domain.budget import Room

STEPS, GPU_SECONDS = "total_steps_limit", "total_gpu_seconds_limit"
ROUNDING_SECONDS = 0.001  # as the CHECK of a study's limit allows


@dataclass(frozen=True, slots=True)
class Totals:
    """Of all studies together. `beyond` of the steps are those lost, of the seconds the overrun."""

    steps: Usage
    gpu_seconds: Usage

    @property
    def is_limited(self) -> bool:
        return self.steps.limit is not None or self.gpu_seconds.limit is not None

    @property
    def room(self) -> Room:
        """What is neither spent nor reserved."""
        steps = self.steps.left
        return Room(None if steps is None else int(steps), self.gpu_seconds.left)


def totals(connection: Connection) -> Totals:
    """The books of this moment."""
    row = connection.execute(_TOTALS).one()
    limit = None if row.steps_limit is None else int(row.steps_limit)  # stored as a float
    spent, reserved, lost = map(int, (row.steps_spent, row.steps_reserved, row.steps_lost))
    seconds = (row.seconds_limit, row.seconds_spent, row.seconds_reserved, row.seconds_overrun)
    return Totals(Usage(limit, spent, reserved, lost), Usage(*seconds))


def hold(connection: Connection) -> Totals:
    """The books; no other claim reserves within a total limit until the transaction ends."""
    rows = select(service_state.c.name).where(service_state.c.name.in_((GPU_SECONDS, STEPS)))
    connection.execute(rows.order_by(service_state.c.name).with_for_update()).all()
    return totals(connection)


def is_kept(connection: Connection) -> bool:
    """Whether what is spent and reserved lies within the limits, held; ask it after reserving."""
    room = hold(connection).room
    has_steps = room.steps is None or room.steps >= 0
    return has_steps and (room.gpu_seconds is None or room.gpu_seconds >= -ROUNDING_SECONDS)


def set_limit(connection: Connection, name: str, limit: float | None) -> None:
    """Store a limit, or (None) take it away."""
    new = upsert(connection, service_state).values(name=name, number=limit)
    changed = {"number": new.excluded.number}
    connection.execute(new.on_conflict_do_update(index_elements=["name"], set_=changed))


def is_limited() -> ColumnElement[bool]:
    """Whether there is any limit on all studies together."""
    s = service_state.c
    found = select(func.count()).where(s.name.in_((STEPS, GPU_SECONDS)), s.number.is_not(None))
    return found.scalar_subquery() > 0


def steps_left() -> ColumnElement[float]:
    """What is left of the steps, NULL without a limit; the studies are added up only under one."""
    used = select(func.sum(studies.c.steps_spent + studies.c.steps_reserved)).scalar_subquery()
    return case((_limit(STEPS).is_(None), None), else_=_limit(STEPS) - func.coalesce(used, 0))


def _limit(name: str) -> ScalarSelect[float | None]:
    s = service_state.c
    return select(s.number).where(s.name == name).scalar_subquery()


def _sum(column: ColumnElement[float]) -> ColumnElement[float]:
    return func.coalesce(func.sum(column), 0)


_TOTALS = select(
    _limit(STEPS).label("steps_limit"),
    _sum(studies.c.steps_spent).label("steps_spent"),
    _sum(studies.c.steps_reserved).label("steps_reserved"),
    _sum(studies.c.steps_lost).label("steps_lost"),
    _limit(GPU_SECONDS).label("seconds_limit"),
    _sum(studies.c.gpu_seconds_spent).label("seconds_spent"),
    _sum(studies.c.gpu_seconds_reserved).label("seconds_reserved"),
    _sum(studies.c.gpu_seconds_overrun).label("seconds_overrun"),
)
