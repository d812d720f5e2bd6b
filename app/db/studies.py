"""Studies: storing and reading them, their state, limits and what a review concluded.

Rows are locked in one order everywhere: attempt, trial, study, round.
"""

from dataclasses import dataclass
from typing import Any  # Any: columns and rows of SQLAlchemy

from sqlalchemy import Connection, Row, Select, insert, select, tuple_, update

from app import wire
from app.db.identifiers import new_id
from app.db.tables import rounds, studies
from app.db.types import now_seconds
from app.domain.errors import MissingObject
from app.domain.ids import StudyId
from app.domain.rounds import Purpose
from app.domain.states import RoundState, StudyState, move
from app.domain.studies import Limits, StudyDefinition

SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Usage:
    """A limit (None: none) and what of it is spent or reserved; `beyond` is outside the limit."""

    limit: float | None
    spent: float
    reserved: float
    beyond: float

    @property
    def left(self) -> float | None:
        """What may still be reserved; None = no limit."""
        return None if self.limit is None else self.limit - self.spent - self.reserved


@dataclass(frozen=True, slots=True)
class Study:
    """A stored study. `beyond` of its steps are those lost, of its GPU-seconds the overrun."""

    id: StudyId
    state: StudyState
    waiting_for: str | None
    definition: StudyDefinition
    steps: Usage
    gpu_seconds: Usage
    seconds_per_step: float | None
    best_trial_id: str | None
    recommendation_id: str | None
    next_index: int
    created_at: float
    updated_at: float


def insert_one(connection: Connection, definition: StudyDefinition, state: StudyState) -> StudyId:
    """Store a new study."""
    study_id = StudyId(new_id("study"))
    connection.execute(
        insert(studies).values(
            id=study_id,
            state=state,
            created_at=now_seconds(),
            updated_at=now_seconds(),
            **_columns(definition),
        )
    )
    return study_id


def get(connection: Connection, study_id: StudyId) -> Study:
    """The study. Raises MissingObject."""
    return _one(connection, select(studies).where(studies.c.id == study_id), study_id)


def lock(connection: Connection, study_id: StudyId) -> Study:
    """The study, held against other writers until the transaction ends. Raises MissingObject."""
    query = select(studies).where(studies.c.id == study_id).with_for_update(key_share=True)
    return _one(connection, query, study_id)


def predecessor_of(connection: Connection, name: str, study: Study | None) -> StudyId | None:
    """The newest study of that name with a reviewed tune round, older than `study` (None: any)."""
    query = (
        select(studies.c.id)
        .join(rounds, rounds.c.study_id == studies.c.id)
        .where(studies.c.name == name, rounds.c.purpose == Purpose.TUNE)
        .where(rounds.c.state == RoundState.CLOSED)
        .order_by(studies.c.created_at.desc(), studies.c.id.desc())
        .limit(1)
    )
    if study is not None:
        older = tuple_(studies.c.created_at, studies.c.id) < tuple_(study.created_at, study.id)
        query = query.where(older)
    found = connection.scalar(query)
    return StudyId(found) if found else None


def page(
    connection: Connection, after: tuple[float, str] | None, limit: int
) -> tuple[list[Study], tuple[float, str] | None]:
    """Studies, newest first, after a keyset position; and the next position, if there are more."""
    query = select(studies).order_by(studies.c.created_at.desc(), studies.c.id.desc())
    if after is not None:
        query = query.where(tuple_(studies.c.created_at, studies.c.id) < tuple_(*after))
    rows = connection.execute(query.limit(limit + 1)).all()
    found = [_study(row) for row in rows[:limit]]
    is_more = len(rows) > limit
    return found, (found[-1].created_at, found[-1].id) if is_more else None


def change_state(connection: Connection, study: Study, new: StudyState) -> None:
    """Move a locked study. Raises WrongState."""
    write(connection, study.id, state=move("study", study.state, new))


def write_definition(
    connection: Connection, study_id: StudyId, definition: StudyDefinition
) -> None:
    """Store a changed definition, with the columns that are copies of its fields."""
    write(connection, study_id, **_columns(definition))


def write(connection: Connection, study_id: StudyId, **columns: Any) -> None:  # Any: columns
    """Set columns other than the state, which only `change_state` sets."""
    connection.execute(
        update(studies)
        .where(studies.c.id == study_id)
        .values(**columns, version=studies.c.version + 1, updated_at=now_seconds())
    )


def _columns(definition: StudyDefinition) -> dict[str, Any]:  # Any: columns
    return {
        "name": definition.name,
        "definition": wire.to_wire(definition),
        "workload": definition.workload,
        "autopilot": definition.autopilot,
        "priority": definition.priority,
        "concurrency": definition.concurrency,
        **_limit_columns(definition.limits),
    }


def _limit_columns(limits: Limits) -> dict[str, Any]:  # Any: columns
    hours = limits.gpu_hours
    return {
        "steps_limit": limits.total_steps,
        "gpu_seconds_limit": None if hours is None else hours * SECONDS_PER_HOUR,
    }


def _one(connection: Connection, query: Select[Any], study_id: StudyId) -> Study:  # Any: a row
    row = connection.execute(query).one_or_none()
    if row is None:
        raise MissingObject(f"there is no study {study_id}", hint="paceline study ls")
    return _study(row)


def _study(row: Row[Any]) -> Study:  # Any: a row
    return Study(
        id=StudyId(row.id),
        state=StudyState(row.state),
        waiting_for=row.waiting_for,
        definition=wire.from_wire(StudyDefinition, row.definition),
        steps=Usage(row.steps_limit, row.steps_spent, row.steps_reserved, row.steps_lost),
        gpu_seconds=Usage(
            row.gpu_seconds_limit,
            row.gpu_seconds_spent,
            row.gpu_seconds_reserved,
            row.gpu_seconds_overrun,
        ),
        seconds_per_step=row.seconds_per_step,
        best_trial_id=row.best_trial_id,
        recommendation_id=row.recommendation_id,
        next_index=row.next_index,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
