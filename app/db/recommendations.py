"""Recommendations: what each review advised, and what became of the advice."""

from dataclasses import dataclass
from typing import Any  # Any: rows of SQLAlchemy

from sqlalchemy import Connection, Row, insert, select, update

from app import wire
from app.db.identifiers import new_id
from app.db.tables import recommendations as table
from app.db.types import now_seconds
from app.domain.errors import MissingObject
from app.domain.ids import RecommendationId, StudyId
from app.domain.recommendations import Advice
from app.domain.states import RecommendationState, move


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Stored advice; `opened_round` is the round that its acceptance opened."""

    id: RecommendationId
    study_id: StudyId
    state: RecommendationState
    advice: Advice
    created_at: float
    opened_round: int | None = None


def insert_one(connection: Connection, study_id: StudyId, advice: Advice) -> Recommendation:
    """Store new, open advice."""
    new = RecommendationId(new_id("recommendation"))
    connection.execute(
        insert(table).values(
            id=new,
            study_id=study_id,
            round=advice.round,
            state=RecommendationState.PROPOSED,
            action=advice.action,
            advice=wire.to_wire(advice),
            created_at=now_seconds(),
        )
    )
    return get(connection, new)


def get(connection: Connection, wanted: RecommendationId) -> Recommendation:
    """The recommendation. Raises MissingObject."""
    row = connection.execute(select(table).where(table.c.id == wanted)).one_or_none()
    if row is None:
        raise MissingObject(f"there is no recommendation {wanted}")
    return _recommendation(row)


def of_study(connection: Connection, study_id: StudyId) -> list[Recommendation]:
    """All of a study, oldest first."""
    query = (
        select(table).where(table.c.study_id == study_id).order_by(table.c.created_at, table.c.id)
    )
    return [_recommendation(row) for row in connection.execute(query)]


def open_ones(connection: Connection, study_id: StudyId) -> list[Recommendation]:
    """The open one of a study, if there is one (at most one is, once a review has been saved)."""
    query = select(table).where(
        table.c.study_id == study_id, table.c.state == RecommendationState.PROPOSED
    )
    return [_recommendation(row) for row in connection.execute(query)]


def proposed(connection: Connection) -> list[tuple[StudyId, RecommendationId]]:
    """Every open recommendation, oldest first."""
    query = (
        select(table.c.study_id, table.c.id)
        .where(table.c.state == RecommendationState.PROPOSED)
        .order_by(table.c.created_at)
    )
    return [(StudyId(row.study_id), RecommendationId(row.id)) for row in connection.execute(query)]


def decide(
    connection: Connection,
    found: Recommendation,
    new: RecommendationState,
    opened_round: int | None = None,
) -> None:
    """Accept, decline or supersede. Raises WrongState."""
    connection.execute(
        update(table)
        .where(table.c.id == found.id)
        .values(
            state=move("recommendation", found.state, new),
            opened_round=opened_round,
            decided_at=now_seconds(),
        )
    )


def write_advice(connection: Connection, found: Recommendation, advice: Advice) -> None:
    """Other words for open advice: the round, the action and the state stay."""
    connection.execute(
        update(table).where(table.c.id == found.id).values(advice=wire.to_wire(advice))
    )


def _recommendation(row: Row[Any]) -> Recommendation:  # Any: a row
    return Recommendation(
        id=RecommendationId(row.id),
        study_id=StudyId(row.study_id),
        state=RecommendationState(row.state),
        advice=wire.from_wire(Advice, row.advice),
        created_at=row.created_at,
        opened_round=row.opened_round,
    )
