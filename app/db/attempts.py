"""Attempts: making them, locking them before any write of theirs, ending them."""

from dataclasses import dataclass
from typing import Any  # Any: columns and rows of SQLAlchemy

from sqlalchemy import Connection, RowMapping, Select, select, update

from app.db.attempt_rows import ATTEMPT_COLUMNS, attempt_of, start_column
from app.db.tables import attempts, studies, trials, workers
from app.db.trial_rows import TRIAL_COLUMNS, trial_of
from app.db.types import now_seconds
from app.db.upserts import upsert
from app.domain.errors import MissingObject
from app.domain.ids import AttemptId, StudyId
from app.domain.leases import WorkerState
from app.domain.reports import ClaimRequest
from app.domain.states import LIVE_ATTEMPTS, AttemptState, EndReason, StudyState, move
from app.domain.trials import Attempt, Start, Trial


@dataclass(frozen=True, slots=True)
class NewAttempt:
    """An attempt about to be made, with what it sets aside."""

    id: AttemptId
    trial: Trial
    request: ClaimRequest
    resume: Start | None
    reserved_steps: int
    reserved_gpu_seconds: float
    lease_seconds: float


@dataclass(frozen=True, slots=True)
class Held:
    """A locked attempt with its locked trial, and what their study and worker say just now."""

    attempt: Attempt
    trial: Trial
    study_state: StudyState
    definition: dict[str, Any]  # Any: the study's, as posted; what is read of it never changes
    worker_state: WorkerState | None  # None: not registered
    is_stopped: bool
    now: float  # the database's clock


def insert_one(connection: Connection, new: NewAttempt) -> bool:
    """Store an attempt; False if its request has made one already."""
    now = now_seconds()
    start_step = new.resume.step if new.resume else 0
    statement = upsert(connection, attempts).values(
        id=new.id,
        trial_id=new.trial.id,
        study_id=new.trial.study_id,
        number=new.trial.attempt_count + 1,
        state=AttemptState.LEASED,
        worker=new.request.worker,
        boot_id=new.request.boot_id,
        slot=new.request.slot,
        request_id=new.request.request_id,
        start_step=start_step,
        last_step=start_step,
        resume=start_column(new.resume),
        reported={},
        started_at=now,
        lease_expires_at=now + new.lease_seconds,
        reserved_steps=new.reserved_steps,
        reserved_gpu_seconds=new.reserved_gpu_seconds,
    )
    once = statement.on_conflict_do_nothing(index_elements=["worker", "request_id"])
    return connection.execute(once.returning(attempts.c.id)).first() is not None


def get(connection: Connection, attempt_id: AttemptId) -> Attempt:
    """The attempt. Raises MissingObject."""
    query = select(*ATTEMPT_COLUMNS).where(attempts.c.id == attempt_id)
    row = connection.execute(query).mappings().one_or_none()
    return attempt_of(_found(row, attempt_id))


def hold(connection: Connection, attempt_id: AttemptId) -> Held:
    """Lock the attempt, then its trial, until the transaction ends. Raises MissingObject."""
    query = _together(attempt_id).with_for_update(of=[attempts, trials], key_share=True)
    return _held(connection.execute(query).mappings().one_or_none(), attempt_id)


def look(connection: Connection, attempt_id: AttemptId) -> Held:
    """The same without a lock, for reading. Raises MissingObject."""
    row = connection.execute(_together(attempt_id)).mappings().one_or_none()
    return _held(row, attempt_id)


def _together(attempt_id: AttemptId) -> Select[Any]:  # Any: a row
    return (
        select(
            *ATTEMPT_COLUMNS,
            *TRIAL_COLUMNS,
            studies.c.state,
            studies.c.definition,
            workers.c.state.label("worker_state"),
            now_seconds().label("now"),
        )
        .join_from(attempts, trials, trials.c.id == attempts.c.trial_id)
        .join(studies, studies.c.id == attempts.c.study_id)
        .outerjoin(workers, workers.c.id == attempts.c.worker)
        .where(attempts.c.id == attempt_id)
    )


def _held(found: RowMapping | None, attempt_id: AttemptId) -> Held:
    row = _found(found, attempt_id)
    return Held(
        attempt=attempt_of(row),
        trial=trial_of(row),
        study_state=StudyState(row["state"]),
        definition=row["definition"],
        worker_state=WorkerState(row["worker_state"]) if row["worker_state"] else None,
        is_stopped=row["attempt_stop_requested"],
        now=row["now"],
    )


def hold_unless_busy(connection: Connection, attempt_id: AttemptId) -> Attempt | None:
    """Lock a live attempt; None if it is being written to at this moment, so its worker lives."""
    query = select(*ATTEMPT_COLUMNS).where(
        attempts.c.id == attempt_id, attempts.c.state.in_(LIVE_ATTEMPTS)
    )
    locking = query.with_for_update(skip_locked=True, key_share=True)
    row = connection.execute(locking).mappings().one_or_none()
    return attempt_of(row) if row else None


def live_of_study(connection: Connection, study_id: StudyId) -> list[AttemptId]:
    """The attempts of a study that hold their trials, in the order in which to lock them."""
    query = select(attempts.c.id).where(
        attempts.c.study_id == study_id, attempts.c.state.in_(LIVE_ATTEMPTS)
    )
    return [AttemptId(found) for found in connection.scalars(query.order_by(attempts.c.id))]


def hear(
    connection: Connection,
    held: Held,
    lease_seconds: float | None = None,
    **columns: Any,  # Any: columns
) -> None:
    """Record an accepted write: the attempt runs, and the marks of a lapsed lease are cleared.

    `lease_seconds`: the lease now lasts so long from here; None leaves it.
    """
    attempt, trial = held.attempt, held.trial
    if lease_seconds is not None:
        columns["lease_expires_at"] = now_seconds() + lease_seconds
    if attempt.state is not AttemptState.RUNNING:
        columns["state"] = move("attempt", attempt.state, AttemptState.RUNNING)
    if attempt.claimable_at is not None:
        columns["claimable_at"] = None
    if columns:
        _update(connection, attempt.id, **columns)
    if trial.claimable_at is not None:
        connection.execute(update(trials).where(trials.c.id == trial.id).values(claimable_at=None))


def end(
    connection: Connection,
    attempt: Attempt,
    state: AttemptState,
    reason: EndReason,
    **columns: Any,  # Any: columns
) -> None:
    """Move a locked attempt to one of its ends."""
    move("attempt", attempt.state, state)
    ended = {"reason": reason, "ended_at": now_seconds(), "claimable_at": None}
    _update(connection, attempt.id, state=state, **ended, **columns)


def logs_of(connection: Connection, attempt_id: AttemptId) -> tuple[str, str]:
    """The kept ends of stdout and stderr. Raises MissingObject."""
    query = select(attempts.c.stdout_tail, attempts.c.stderr_tail)
    row = connection.execute(query.where(attempts.c.id == attempt_id)).mappings().one_or_none()
    found = _found(row, attempt_id)
    return found["stdout_tail"] or "", found["stderr_tail"] or ""


def _update(connection: Connection, attempt_id: AttemptId, **columns: Any) -> None:  # Any: columns
    connection.execute(update(attempts).where(attempts.c.id == attempt_id).values(**columns))


def _found(row: RowMapping | None, attempt_id: AttemptId) -> RowMapping:
    if row is None:
        raise MissingObject(f"there is no attempt {attempt_id}")
    return row
