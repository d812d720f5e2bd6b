"""Trials: storing them, reading them, and the one place where a trial's state changes, with its
round's counters.

Rows are locked in one order everywhere: attempt, trial, study, round, and those of one kind by id.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any  # Any: values of SQLAlchemy's rows

from sqlalchemy import Connection, bindparam, insert, select, text, update

from app.db.identifiers import new_id
from app.db.round_counters import Counts, count_move, count_new
from app.db.tables import studies, trials
from app.db.trial_rows import TRIAL_COLUMNS, resume_column, trial_of
from app.db.types import now_seconds
from app.domain.errors import MissingObject
from app.domain.ids import StudyId, TrialId
from app.domain.states import EndReason, TrialState, move
from app.domain.trials import NewTrial, Trial

_WRITE = update(trials).where(trials.c.id == bindparam("wanted")).values(updated_at=now_seconds())

MANY = 500  # trials at once


@dataclass(frozen=True, slots=True)
class Place:
    """Where new trials go: their round, and what they copy from it and from their study."""

    study_id: StudyId
    round: int
    max_train_steps: int
    interval_steps: int
    checkpoint_steps: tuple[int, ...] = ()
    gpus: int = 0
    is_open: bool = True  # the study is active


def insert_many(connection: Connection, place: Place, new: Sequence[NewTrial]) -> list[TrialId]:
    """Store trials as waiting, numbered on from the study's last; those the round already has are
    skipped."""
    first_number = connection.scalar(
        select(studies.c.next_number)
        .where(studies.c.id == place.study_id)
        .with_for_update(key_share=True)
    )
    known = _points_of_round(connection, place)
    unseen = {(trial.point_key, trial.seed): trial for trial in reversed(new)}  # the first counts
    fresh = [t for k, t in reversed(unseen.items()) if k not in known]
    if not fresh or first_number is None:
        return []
    rows = [_row(place, trial, first_number + place_in) for place_in, trial in enumerate(fresh)]
    connection.execute(insert(trials).values(updated_at=now_seconds()), rows)
    connection.execute(
        update(studies)
        .where(studies.c.id == place.study_id)
        .values(next_number=studies.c.next_number + len(fresh))
    )
    count_new(connection, place.study_id, place.round, len(fresh))
    if len(fresh) >= MANY and connection.dialect.name == "postgresql":
        # Claims come before autovacuum does, and would sort the whole queue without statistics.
        connection.execute(text("ANALYZE trials"))
    return [row["id"] for row in rows]


def get(connection: Connection, trial_id: TrialId) -> Trial:
    """The trial. Raises MissingObject."""
    return _one(connection, trial_id, is_locked=False)


def lock(connection: Connection, trial_id: TrialId) -> Trial:
    """The trial, held against other writers until the transaction ends. Raises MissingObject."""
    return _one(connection, trial_id, is_locked=True)


def of_round(connection: Connection, study_id: StudyId, number: int) -> list[Trial]:
    """All trials of a round, by number."""
    mine = (trials.c.study_id == study_id) & (trials.c.round == number)
    rows = connection.execute(select(*TRIAL_COLUMNS).where(mine).order_by(trials.c.number))
    return [trial_of(row) for row in rows.mappings()]


def of_study(connection: Connection, study_id: StudyId) -> list[Trial]:
    """All trials of a study, by number."""
    mine = trials.c.study_id == study_id
    rows = connection.execute(select(*TRIAL_COLUMNS).where(mine).order_by(trials.c.number))
    return [trial_of(row) for row in rows.mappings()]


def ids_of_study(connection: Connection, study_id: StudyId) -> set[TrialId]:
    """The ids of all trials of a study."""
    return set(connection.scalars(select(trials.c.id).where(trials.c.study_id == study_id)))


def change_state(
    connection: Connection,
    trial: Trial,
    new: TrialState,
    reason: EndReason | str | None = None,
    **columns: Any,  # Any: columns that change with it
) -> Counts:
    """Move a locked trial and keep its round's counters; returns the round's counts after the move.

    Call it after whatever the transaction does to the study's row (the order of locks).
    """
    move("trial", trial.state, new)
    write(connection, trial.id, state=new, reason=reason, claimable_at=None, **columns)
    return count_move(connection, trial.study_id, trial.round, {trial.state: -1, new: 1})


def write(connection: Connection, trial_id: TrialId, **columns: Any) -> None:  # Any: columns
    """Set columns of a trial other than its state, which only `change_state` sets."""
    connection.execute(_WRITE, {"wanted": trial_id} | columns)


def set_open(connection: Connection, study_id: StudyId, *, is_open: bool) -> None:
    """Let the study's unfinished trials be claimed, or not. Call it before touching the study's
    row."""
    unfinished = trials.c.state.in_((TrialState.WAITING, TrialState.RUNNING))
    mine = (trials.c.study_id == study_id) & unfinished
    connection.execute(
        select(trials.c.id).where(mine).order_by(trials.c.id).with_for_update(key_share=True)
    ).all()
    connection.execute(update(trials).where(mine).values(is_open=is_open))


def cancel_waiting(
    connection: Connection, study_id: StudyId, reason: EndReason, round_number: int | None = None
) -> None:
    """Cancel the trials of a study or of one round that wait now; those that come to wait at this
    very moment are left. Call it before touching the study's row."""
    move("trial", TrialState.WAITING, TrialState.CANCELLED)
    mine = (trials.c.study_id == study_id) & (trials.c.state == TrialState.WAITING)
    if round_number is not None:
        mine &= trials.c.round == round_number
    holding = select(trials.c.id, trials.c.round).where(mine).order_by(trials.c.id)
    held = connection.execute(holding.with_for_update(key_share=True)).all()
    connection.execute(
        select(studies.c.id).where(studies.c.id == study_id).with_for_update(key_share=True)
    )
    for start in range(0, len(held), MANY):
        # By id: another that waits may be held by a claim, which by now waits for the study.
        gone = [row.id for row in held[start : start + MANY]]
        connection.execute(
            update(trials)
            .where(trials.c.id.in_(gone))
            .values(state=TrialState.CANCELLED, reason=reason, updated_at=now_seconds())
        )
    for number, count in sorted(Counter(row.round for row in held).items()):
        change = {TrialState.WAITING: -count, TrialState.CANCELLED: count}
        count_move(connection, study_id, number, change)


def _one(connection: Connection, trial_id: TrialId, *, is_locked: bool) -> Trial:
    query = select(*TRIAL_COLUMNS).where(trials.c.id == trial_id)
    query = query.with_for_update(key_share=True) if is_locked else query
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise MissingObject(f"there is no trial {trial_id}")
    return trial_of(row)


def _points_of_round(connection: Connection, place: Place) -> set[tuple[str, int]]:
    mine = (trials.c.study_id == place.study_id) & (trials.c.round == place.round)
    rows = connection.execute(select(trials.c.point_key, trials.c.seed).where(mine))
    return {(row.point_key, row.seed) for row in rows}


def _row(place: Place, trial: NewTrial, number: int) -> dict[str, Any]:  # Any: columns
    return {
        "id": TrialId(new_id("trial")),
        "study_id": place.study_id,
        "round": place.round,
        "number": number,
        "point_index": trial.point_index,
        "point_key": trial.point_key,
        "seed": trial.seed,
        "params": trial.params,
        "schedule": trial.schedule.to_dict(),
        "max_train_steps": place.max_train_steps,
        "interval_steps": place.interval_steps,
        "checkpoint_steps": list(place.checkpoint_steps),
        "origin": {"trial_id": trial.origin.trial_id, "relation": trial.origin.relation}
        if trial.origin
        else None,
        "resume": resume_column(trial.resume),
        "state": TrialState.WAITING,
        "lineage": [],
        "gpus": place.gpus,
        "is_open": place.is_open,
    }
