"""What a person does to attempts that run: ask them to stop, or end them and settle their
reservation.

Rows are locked in one order everywhere: attempt, trial, study, round; call these first.
"""

from collections.abc import Sequence
from typing import Any  # Any: rows and columns of SQLAlchemy

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select, update

from app.db.tables import attempts, studies, trials
from app.db.types import now_seconds
from app.domain.ids import StudyId, TrialId
from app.domain.states import LIVE_ATTEMPTS, AttemptState, EndReason, TrialState

_LIVE = attempts.c.state.in_(tuple(LIVE_ATTEMPTS))


def ask_to_stop(connection: Connection, study_id: StudyId) -> None:
    """Their next heartbeat answers `stop`: they checkpoint and are released as pre-empted."""
    mine = (attempts.c.study_id == study_id) & _LIVE
    connection.execute(update(attempts).where(mine).values(stop_requested=True))


def let_run(connection: Connection, study_id: StudyId) -> None:
    """Take the request to stop back from attempts that still run."""
    mine = (attempts.c.study_id == study_id) & _LIVE
    connection.execute(update(attempts).where(mine).values(stop_requested=False))


def cancel_attempts_of_study(connection: Connection, study_id: StudyId) -> None:
    """End all live attempts of a study."""
    _cancel(connection, study_id, attempts.c.study_id == study_id)


def cancel_attempts_of_trial(connection: Connection, study_id: StudyId, trial_id: TrialId) -> None:
    """End the live attempt of a trial, if there is one."""
    _cancel(connection, study_id, attempts.c.trial_id == trial_id)


def running_trials(connection: Connection, study_id: StudyId) -> list[TrialId]:
    """Trials that an attempt holds, or held until its lease lapsed."""
    query = select(trials.c.id).where(
        trials.c.study_id == study_id, trials.c.state == TrialState.RUNNING
    )
    return [TrialId(found) for found in connection.scalars(query.order_by(trials.c.number))]


def _cancel(connection: Connection, study_id: StudyId, mine: ColumnElement[bool]) -> None:
    """The steps done are spent, the rest of the reservation is given back."""
    rows = connection.execute(_reservations(mine)).all()
    if not rows:
        return
    connection.execute(
        update(attempts)
        .where(attempts.c.id.in_([row.id for row in rows]))
        .values(
            state=AttemptState.CANCELLED,
            reason=EndReason.CANCELLED,
            ended_at=now_seconds(),
            reserved_steps=0,
            reserved_gpu_seconds=0.0,
        )
    )
    connection.execute(
        update(studies).where(studies.c.id == study_id).values(_settled_columns(rows))
    )


def _reservations(mine: ColumnElement[bool]) -> Select[Any]:  # Any: a row
    elapsed = now_seconds() - attempts.c.started_at
    return (
        select(
            attempts.c.id,
            attempts.c.start_step,
            attempts.c.last_step,
            attempts.c.reserved_steps,
            attempts.c.reserved_gpu_seconds,
            (elapsed * func.coalesce(trials.c.gpus, 0)).label("gpu_seconds"),
        )
        .join(trials, trials.c.id == attempts.c.trial_id)
        .where(mine, _LIVE)
        .order_by(attempts.c.id)
        .with_for_update(of=attempts, key_share=True)
    )


def _settled_columns(rows: Sequence[Row[Any]]) -> dict[str, Any]:  # Any: rows and columns
    done = sum(min(max(row.last_step - row.start_step, 0), row.reserved_steps) for row in rows)
    used = sum(min(row.gpu_seconds, row.reserved_gpu_seconds) for row in rows)
    beyond = sum(max(0.0, row.gpu_seconds - row.reserved_gpu_seconds) for row in rows)
    reserved = sum(row.reserved_gpu_seconds for row in rows)
    return {
        "steps_reserved": studies.c.steps_reserved - sum(row.reserved_steps for row in rows),
        "steps_spent": studies.c.steps_spent + done,
        "gpu_seconds_reserved": studies.c.gpu_seconds_reserved - reserved,
        "gpu_seconds_spent": studies.c.gpu_seconds_spent + used,
        "gpu_seconds_overrun": studies.c.gpu_seconds_overrun + beyond,
    }
