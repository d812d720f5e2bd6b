"""What a claim must know before it looks for work, and the search for a trial that fits."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar  # Any: JSON of the study's definition, rows of SQLAlchemy

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    cast,
    func,
    or_,
    select,
    text,
)

from app.db.tables import attempts, rounds, service_state, studies, trials, workers
from app.db.trial_rows import TRIAL_COLUMNS, trial_of
from app.db.types import now_seconds
from app.domain.ids import AttemptId, StudyId, TrialId
from app.domain.leases import Watch, WorkerState
from app.domain.reports import ClaimRequest
from app.domain.states import StudyState, TrialState
from app.domain.trials import Trial

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Doorstep:
    """Who asks: what this request or slot holds already, and whether it may claim."""

    repeated: AttemptId | None  # the attempt that this very request made
    unfinished: AttemptId | None  # an older one of the slot
    worker_state: WorkerState | None  # None: not registered
    shares_store: bool
    seen_at: float | None  # None: not registered
    watch: Watch
    now: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which trials a search takes into account; what was tried in vain is left out."""

    request: ClaimRequest
    takes_marked: bool
    without_trials: frozenset[TrialId] = field(default=frozenset())
    without_studies: frozenset[StudyId] = field(default=frozenset())


@dataclass(frozen=True, slots=True)
class Candidate:
    """A locked trial that may be claimed, and what its study says."""

    trial: Trial
    definition: dict[str, Any]
    round_definition: dict[str, Any]
    seconds_per_step: float | None
    concurrency: int | None
    is_gpu_limited: bool


def arrive(connection: Connection, request: ClaimRequest) -> Doorstep:
    """Everything about who asks, in one statement."""
    who = {"worker": request.worker, "slot": request.slot, "request": request.request_id}
    row = connection.execute(_ARRIVE, who).one()
    return Doorstep(
        repeated=row.repeated,
        unfinished=row.unfinished,
        worker_state=WorkerState(row.worker_state) if row.worker_state else None,
        shares_store=row.shares_store is not False,
        seen_at=row.seen_at,
        watch=Watch(api_seen_at=row.api_seen_at, quiet_until=row.quiet_until or 0.0),
        now=row.now,
    )


def _arrival() -> Select[Any]:  # Any: a row
    mine = attempts.c.worker == bindparam("worker")
    repeated = select(attempts.c.id).where(mine, attempts.c.request_id == bindparam("request"))
    unfinished = (
        select(attempts.c.id)
        .where(mine, attempts.c.slot == bindparam("slot"), _IS_LIVE)
        .where(attempts.c.request_id != bindparam("request"))
        .order_by(attempts.c.started_at)
        .limit(1)
    )
    worker = workers.c.id == bindparam("worker")
    return select(
        repeated.scalar_subquery().label("repeated"),
        unfinished.scalar_subquery().label("unfinished"),
        select(workers.c.state).where(worker).scalar_subquery().label("worker_state"),
        select(workers.c.shares_store).where(worker).scalar_subquery().label("shares_store"),
        select(workers.c.last_seen_at).where(worker).scalar_subquery().label("seen_at"),
        _number("api_seen_at").label("api_seen_at"),
        _number("quiet_until").label("quiet_until"),
        now_seconds().label("now"),
    )


def find(connection: Connection, wanted: Wanted) -> Candidate | None:
    """The first trial in the queue's order that fits, locked; those locked by others are passed."""
    request = wanted.request
    query = _search(wanted.takes_marked, request.study_id is not None)
    if wanted.without_trials:
        query = query.where(trials.c.id.not_in(sorted(wanted.without_trials)))
    if wanted.without_studies:
        query = query.where(trials.c.study_id.not_in(sorted(wanted.without_studies)))
    offered = {"gpus": request.offers.gpus, "study": request.study_id}
    row = connection.execute(query, offered).mappings().one_or_none()
    if row is None:
        return None
    return Candidate(
        trial=trial_of(row),
        definition=row["definition"],
        round_definition=row["round_definition"],
        seconds_per_step=row["seconds_per_step"],
        concurrency=row["concurrency"],
        is_gpu_limited=row["is_gpu_limited"],
    )


@cache
def _search(takes_marked: bool, is_of_study: bool) -> Select[Any]:
    # Studies and rounds by scalar subqueries: no join tempts the planner away from the queue's
    # index, so a claim costs the same before ten trials and before ten thousand.
    return (
        select(
            *TRIAL_COLUMNS,
            _of_study(studies.c.definition).label("definition"),
            _round_definition().label("round_definition"),
            _of_study(studies.c.seconds_per_step).label("seconds_per_step"),
            _of_study(studies.c.concurrency).label("concurrency"),
            _of_study(studies.c.gpu_seconds_limit.is_not(None)).label("is_gpu_limited"),
        )
        .where(_IS_CLAIMABLE, _is_due(takes_marked=takes_marked))
        .where(trials.c.is_open, trials.c.gpus <= bindparam("gpus"))
        .where(_of_study(and_(studies.c.state == StudyState.ACTIVE, _has_steps_left())))
        .where(_is_asked_for(is_of_study=is_of_study))
        .order_by(trials.c.queue_rank, trials.c.number)
        .limit(1)
        .with_for_update(of=trials, skip_locked=True, key_share=True)
    )


def _of_study(expression: ColumnElement[T]) -> ScalarSelect[T]:
    """The expression for the trial's study."""
    mine = select(expression).where(studies.c.id == trials.c.study_id)
    return mine.correlate(trials).scalar_subquery()


def _round_definition() -> ScalarSelect[Any]:
    mine = (rounds.c.study_id == trials.c.study_id) & (rounds.c.number == trials.c.round)
    return select(rounds.c.definition).where(mine).correlate(trials).scalar_subquery()


# Word for word the conditions of the partial indexes.
_IS_CLAIMABLE = text("(trials.state = 'waiting' OR trials.claimable_at IS NOT NULL)")
_IS_LIVE = text("attempts.state IN ('leased', 'running')")


def _is_due(*, takes_marked: bool) -> ColumnElement[bool]:
    waits = and_(trials.c.state == TrialState.WAITING, trials.c.not_before <= now_seconds())
    return or_(waits, trials.c.claimable_at.is_not(None)) if takes_marked else waits


def _is_asked_for(*, is_of_study: bool) -> ColumnElement[bool]:
    if is_of_study:
        return trials.c.study_id == bindparam("study")
    return _of_study(studies.c.definition["job"].as_string()) != "external"


def _has_steps_left() -> ColumnElement[bool]:
    """Whether the trial fits the limit at best: resumed at its last step, or at its prefix."""
    s = studies.c
    prefix = func.coalesce(cast(trials.c.resume["step"].as_string(), BigInteger), 0)
    done = case((trials.c.last_step > prefix, trials.c.last_step), else_=prefix)
    needed = trials.c.max_train_steps - done
    is_marked = trials.c.claimable_at.is_not(None)  # its old reservation comes back at the claim
    return or_(
        s.steps_limit.is_(None),
        is_marked,
        s.steps_spent + s.steps_reserved + needed <= s.steps_limit,
    )


def _number(name: str) -> ScalarSelect[float | None]:
    return select(service_state.c.number).where(service_state.c.name == name).scalar_subquery()


_ARRIVE = _arrival()


def sizes_waiting(connection: Connection) -> list[int]:
    """The GPU counts for which some trial could be claimed now, marked ones included."""
    query = (
        select(trials.c.gpus)
        .join(studies, studies.c.id == trials.c.study_id)
        .where(_IS_CLAIMABLE, _is_due(takes_marked=True), trials.c.is_open)
        .where(studies.c.state == StudyState.ACTIVE)
        .distinct()
    )
    return list(connection.scalars(query))
