"""Rounds: storing and reading them, their state, and the assessment of their last review."""

from dataclasses import dataclass
from typing import Any  # Any: columns and rows of SQLAlchemy

from sqlalchemy import Connection, Row, insert, select, update

from app import wire
from app.db.tables import rounds
from app.db.types import now_seconds
from app.domain.errors import MissingObject
from app.domain.ids import StudyId
from app.domain.recommendations import Assessment
from app.domain.rounds import Action, ReviewProblem, Round, RoundDefinition
from app.domain.states import RoundState, TrialState, move

_COLUMNS = tuple(column for column in rounds.columns if column.name != "assessment")


@dataclass(frozen=True, slots=True)
class NewRound:
    """A round about to be stored; `points_to_draw`: what an adaptive sampler still owes."""

    number: int
    definition: RoundDefinition
    first_index: int = 0
    points_to_draw: int = 0
    action: Action | None = None
    recommendation_id: str | None = None


def insert_one(connection: Connection, study_id: StudyId, new: NewRound) -> None:
    """Store a new, open round."""
    connection.execute(
        insert(rounds).values(
            study_id=study_id,
            number=new.number,
            definition=wire.to_wire(new.definition),
            purpose=new.definition.purpose,
            max_train_steps=new.definition.max_train_steps,
            action=new.action,
            recommendation_id=new.recommendation_id,
            state=RoundState.OPEN,
            first_index=new.first_index,
            points_to_draw=new.points_to_draw,
            opened_at=now_seconds(),
        )
    )


def get(connection: Connection, study_id: StudyId, number: int) -> Round:
    """The round. Raises MissingObject."""
    return _one(connection, study_id, number, is_locked=False)


def lock(connection: Connection, study_id: StudyId, number: int) -> Round:
    """The round, held against other writers until the transaction ends. Raises MissingObject."""
    return _one(connection, study_id, number, is_locked=True)


def of_study(connection: Connection, study_id: StudyId) -> list[Round]:
    """All rounds of a study, by number, with their counters."""
    query = select(*_COLUMNS).where(rounds.c.study_id == study_id).order_by(rounds.c.number)
    return [_round(row) for row in connection.execute(query)]


def in_review(connection: Connection) -> list[tuple[StudyId, int]]:
    """Every round whose review is due, oldest first; one that failed waits for its next try."""
    is_due = rounds.c.review_again_at.is_(None) | (rounds.c.review_again_at <= now_seconds())
    query = (
        select(rounds.c.study_id, rounds.c.number)
        .where(rounds.c.state == RoundState.IN_REVIEW, rounds.c.state != RoundState.CLOSED, is_due)
        .order_by(rounds.c.opened_at)
    )
    return [(StudyId(row.study_id), row.number) for row in connection.execute(query)]


def owing_points(connection: Connection) -> list[tuple[StudyId, int]]:
    """Every open round whose adaptive sampler still owes points, oldest first."""
    query = (
        select(rounds.c.study_id, rounds.c.number)
        .where(
            rounds.c.state == RoundState.OPEN,
            rounds.c.state != RoundState.CLOSED,
            rounds.c.points_to_draw > 0,
        )
        .order_by(rounds.c.opened_at)
    )
    return [(StudyId(row.study_id), row.number) for row in connection.execute(query)]


def change_state(connection: Connection, found: Round, new: RoundState) -> None:
    """Move a locked round. Raises WrongState."""
    state = move("round", found.state, new)
    closed_at = now_seconds() if state is RoundState.CLOSED else None
    fresh = {"review_problem": None, "review_again_at": None}
    write(connection, found, state=state, closed_at=closed_at, **fresh)


def write_problem(
    connection: Connection, found: Round, problem: ReviewProblem, delay_seconds: float
) -> None:
    """Keep why a review failed; the next try comes no earlier than that."""
    again_at = now_seconds() + delay_seconds
    write(connection, found, review_problem=wire.to_wire(problem), review_again_at=again_at)


def write_assessment(connection: Connection, found: Round, assessment: Assessment) -> None:
    """Keep what the last review said of a round."""
    write(connection, found, assessment=wire.to_wire(assessment))


def assessment_of(connection: Connection, study_id: StudyId, number: int) -> Assessment | None:
    """What the last review said of a round; None before the first one."""
    stored = connection.scalar(
        select(rounds.c.assessment).where(rounds.c.study_id == study_id, rounds.c.number == number)
    )
    return None if stored is None else wire.from_wire(Assessment, stored)


def assessments_of_study(connection: Connection, study_id: StudyId) -> dict[int, Assessment]:
    """The last assessment of each reviewed round."""
    query = select(rounds.c.number, rounds.c.assessment).where(
        rounds.c.study_id == study_id, rounds.c.assessment.is_not(None)
    )
    return {
        row.number: wire.from_wire(Assessment, row.assessment)
        for row in connection.execute(query)
        if row.assessment is not None
    }


def evidence_of_study(
    connection: Connection, study_id: StudyId, code: str, key: str
) -> dict[int, Any]:  # Any: JSON
    """One number of a rule's evidence in each reviewed round that has it."""
    query = select(rounds.c.number, rounds.c.assessment).where(
        rounds.c.study_id == study_id, rounds.c.assessment.is_not(None)
    )
    return {
        row.number: verdict["evidence"][key]
        for row in connection.execute(query)
        for verdict in row.assessment["verdicts"]
        if verdict["code"] == code and key in verdict["evidence"]
    }


def write(connection: Connection, found: Round, **columns: Any) -> None:  # Any: columns
    """Set columns other than the state, which only `change_state` sets."""
    connection.execute(
        update(rounds)
        .where(rounds.c.study_id == found.study_id, rounds.c.number == found.number)
        .values(**columns)
    )


def _one(connection: Connection, study_id: StudyId, number: int, *, is_locked: bool) -> Round:
    query = select(*_COLUMNS).where(rounds.c.study_id == study_id, rounds.c.number == number)
    query = query.with_for_update(key_share=True) if is_locked else query
    row = connection.execute(query).one_or_none()
    if row is None:
        raise MissingObject(f"study {study_id} has no round {number}")
    return _round(row)


def _round(row: Row[Any]) -> Round:  # Any: a row
    return Round(
        study_id=row.study_id,
        number=row.number,
        definition=wire.from_wire(RoundDefinition, row.definition),
        state=RoundState(row.state),
        action=Action(row.action) if row.action else None,
        recommendation_id=row.recommendation_id,
        first_index=row.first_index,
        points_to_draw=row.points_to_draw,
        counts={state.value: getattr(row, state.value) for state in TrialState},
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        problem=wire.from_wire(ReviewProblem, row.review_problem) if row.review_problem else None,
    )
