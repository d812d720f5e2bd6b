"""Attempts: making them, locking them before any write of theirs, ending them."""

from dataclasses import dataclass
from functools import cache
from typing import Any  # Any: columns and rows of SQLAlchemy

from sqlalchemy import Connection, RowMapping, bindparam, func, select, text, update
from sqlalchemy.sql.dml import ReturningInsert

from app.db.attempt_rows import ATTEMPT_COLUMNS, attempt_of, start_column
from app.db.tables import attempts, studies, trials, workers
from app.db.trial_rows import TRIAL_COLUMNS, trial_of
from app.db.types import now_seconds
from app.db.upserts import upsert_of
from app.domain.errors import MissingObject
from app.domain.ids import AttemptId, StudyId, TrialId
from app.domain.leases import WorkerState
from app.domain.reports import ClaimRequest
from app.domain.states import LIVE_ATTEMPTS, AttemptState, EndReason, StudyState, move
from app.domain.trials import Attempt, Start, Trial

IS_LIVE = text("attempts.state IN ('leased', 'running')")  # word for word the partial indexes'
# Built once: what every write of a worker executes.
_IS_WANTED = attempts.c.id == bindparam("wanted")
_TOGETHER = (
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
    .where(_IS_WANTED)
)
_HOLD = _TOGETHER.with_for_update(of=[attempts, trials], key_share=True)
_UPDATE = update(attempts).where(_IS_WANTED)
_EXTEND = _UPDATE.values(lease_expires_at=now_seconds() + bindparam("lease_seconds"))
_END = _UPDATE.values(ended_at=now_seconds())


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
    start_step = new.resume.step if new.resume else 0
    columns = {
        "id": new.id,
        "trial_id": new.trial.id,
        "study_id": new.trial.study_id,
        "number": new.trial.attempt_count + 1,
        "state": AttemptState.LEASED,
        "worker": new.request.worker,
        "boot_id": new.request.boot_id,
        "slot": new.request.slot,
        "request_id": new.request.request_id,
        "start_step": start_step,
        "last_step": start_step,
        "resume": start_column(new.resume),
        "reported": {},
        "lease_seconds": new.lease_seconds,
        "reserved_steps": new.reserved_steps,
        "reserved_gpu_seconds": new.reserved_gpu_seconds,
    }
    found = connection.execute(_insert_once(connection.dialect.name), columns)
    return found.first() is not None


@cache
def _insert_once(dialect: str) -> ReturningInsert[tuple[str]]:
    now = now_seconds()
    new = upsert_of(dialect, attempts).values(
        started_at=now, lease_expires_at=now + bindparam("lease_seconds")
    )
    once = new.on_conflict_do_nothing(index_elements=["worker", "request_id"])
    return once.returning(attempts.c.id)


def get(connection: Connection, attempt_id: AttemptId) -> Attempt:
    """The attempt. Raises MissingObject."""
    query = select(*ATTEMPT_COLUMNS).where(attempts.c.id == attempt_id)
    row = connection.execute(query).mappings().one_or_none()
    return attempt_of(_found(row, attempt_id))


def hold(connection: Connection, attempt_id: AttemptId) -> Held:
    """Lock the attempt, then its trial, until the transaction ends. Raises MissingObject."""
    row = connection.execute(_HOLD, {"wanted": attempt_id}).mappings().one_or_none()
    return _held(row, attempt_id)


def look(connection: Connection, attempt_id: AttemptId) -> Held:
    """The same without a lock, for reading. Raises MissingObject."""
    row = connection.execute(_TOGETHER, {"wanted": attempt_id}).mappings().one_or_none()
    return _held(row, attempt_id)


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


def interrupted_before(connection: Connection, trial_id: TrialId) -> int:
    """How many attempts of the trial were lost or pre-empted."""
    ends = (AttemptState.LOST, AttemptState.PREEMPTED)
    mine = (attempts.c.trial_id == trial_id) & attempts.c.state.in_(ends)
    return connection.scalar(select(func.count()).select_from(attempts).where(mine)) or 0


def hold_live(connection: Connection, study_id: StudyId) -> list[Held]:
    """Lock all live attempts of a study with their trials; call it before touching the study."""
    found = [hold(connection, attempt_id) for attempt_id in live_of_study(connection, study_id)]
    return [held for held in found if held.attempt.state in LIVE_ATTEMPTS]


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
    if attempt.state is not AttemptState.RUNNING:
        columns["state"] = move("attempt", attempt.state, AttemptState.RUNNING)
    if attempt.claimable_at is not None:
        columns["claimable_at"] = None
    if lease_seconds is not None:
        known = {"wanted": attempt.id, "lease_seconds": lease_seconds}
        connection.execute(_EXTEND, known | columns)
    elif columns:
        connection.execute(_UPDATE, {"wanted": attempt.id} | columns)
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
    ended = {"wanted": attempt.id, "state": state, "reason": reason, "claimable_at": None}
    connection.execute(_END, ended | columns)


def logs_of(connection: Connection, attempt_id: AttemptId) -> tuple[str, str]:
    """The kept ends of stdout and stderr. Raises MissingObject."""
    query = select(attempts.c.stdout_tail, attempts.c.stderr_tail)
    row = connection.execute(query.where(attempts.c.id == attempt_id)).mappings().one_or_none()
    found = _found(row, attempt_id)
    return found["stdout_tail"] or "", found["stderr_tail"] or ""


def _found(row: RowMapping | None, attempt_id: AttemptId) -> RowMapping:
    if row is None:
        raise MissingObject(f"there is no attempt {attempt_id}")
    return row
