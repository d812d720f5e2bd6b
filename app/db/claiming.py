"""What a claim must know before it looks for work, and the search for a trial that fits."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any  # Any: JSON of the study's definition, conditions of SQLAlchemy

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
    return (
        select(
            *TRIAL_COLUMNS,
            studies.c.definition,
            rounds.c.definition.label("round_definition"),
            studies.c.seconds_per_step,
            studies.c.concurrency,
            studies.c.gpu_seconds_limit.is_not(None).label("is_gpu_limited"),
        )
        .join_from(trials, studies, studies.c.id == trials.c.study_id)
        .join(rounds, (rounds.c.study_id == studies.c.id) & (rounds.c.number == trials.c.round))
        .where(_IS_CLAIMABLE, _is_due(takes_marked=takes_marked))
        .where(*_fitting(is_of_study=is_of_study))
        .order_by(trials.c.priority.desc(), trials.c.number)
        .limit(1)
        .with_for_update(of=trials, skip_locked=True, key_share=True)
    )


# Word for word the conditions of the partial indexes.
_IS_CLAIMABLE = text("(trials.state = 'waiting' OR trials.claimable_at IS NOT NULL)")
_IS_LIVE = text("attempts.state IN ('leased', 'running')")


def _is_due(*, takes_marked: bool) -> ColumnElement[bool]:
    waits = and_(trials.c.state == TrialState.WAITING, trials.c.not_before <= now_seconds())
    return or_(waits, trials.c.claimable_at.is_not(None)) if takes_marked else waits


def _fitting(*, is_of_study: bool) -> list[ColumnElement[bool]]:
    is_external = studies.c.definition["job"].as_string() == "external"
    return [
        trials.c.is_open,
        studies.c.state == StudyState.ACTIVE,
        trials.c.gpus <= bindparam("gpus"),
        _has_steps_left(),
        trials.c.study_id == bindparam("study") if is_of_study else ~is_external,
    ]


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
