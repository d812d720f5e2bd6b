"""What a claim must know before it looks for work, and the search for a trial that fits."""

from dataclasses import dataclass, field
from typing import Any  # Any: JSON of the study's definition, conditions of SQLAlchemy

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    ScalarSelect,
    and_,
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
from app.domain.states import LIVE_ATTEMPTS, StudyState, TrialState
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
    mine = attempts.c.worker == request.worker
    repeated = select(attempts.c.id).where(mine, attempts.c.request_id == request.request_id)
    unfinished = (
        select(attempts.c.id)
        .where(mine, attempts.c.slot == request.slot, attempts.c.state.in_(LIVE_ATTEMPTS))
        .where(attempts.c.request_id != request.request_id)
        .order_by(attempts.c.started_at)
        .limit(1)
    )
    worker = workers.c.id == request.worker
    row = connection.execute(
        select(
            repeated.scalar_subquery().label("repeated"),
            unfinished.scalar_subquery().label("unfinished"),
            select(workers.c.state).where(worker).scalar_subquery().label("worker_state"),
            select(workers.c.shares_store).where(worker).scalar_subquery().label("shares_store"),
            select(workers.c.last_seen_at).where(worker).scalar_subquery().label("seen_at"),
            _number("api_seen_at").label("api_seen_at"),
            _number("quiet_until").label("quiet_until"),
            now_seconds().label("now"),
        )
    ).one()
    return Doorstep(
        repeated=row.repeated,
        unfinished=row.unfinished,
        worker_state=WorkerState(row.worker_state) if row.worker_state else None,
        shares_store=row.shares_store is not False,
        seen_at=row.seen_at,
        watch=Watch(api_seen_at=row.api_seen_at, quiet_until=row.quiet_until or 0.0),
        now=row.now,
    )


def find(connection: Connection, wanted: Wanted) -> Candidate | None:
    """The first trial in the queue's order that fits, locked; those locked by others are passed."""
    query = (
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
        .where(_IS_CLAIMABLE, _is_due(takes_marked=wanted.takes_marked), *_fitting(wanted))
        .order_by(trials.c.priority.desc(), trials.c.number)
        .limit(1)
        .with_for_update(of=trials, skip_locked=True, key_share=True)
    )
    row = connection.execute(query).mappings().one_or_none()
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


# Word for word the condition of the partial index.
_IS_CLAIMABLE = text("(trials.state = 'waiting' OR trials.claimable_at IS NOT NULL)")


def _is_due(*, takes_marked: bool) -> ColumnElement[bool]:
    waits = and_(trials.c.state == TrialState.WAITING, trials.c.not_before <= now_seconds())
    return or_(waits, trials.c.claimable_at.is_not(None)) if takes_marked else waits


def _fitting(wanted: Wanted) -> list[ColumnElement[bool]]:
    request, offers = wanted.request, wanted.request.offers
    conditions = [
        trials.c.is_open,
        studies.c.state == StudyState.ACTIVE,
        trials.c.gpus <= offers.gpus,
        _has_steps_left(),
    ]
    if request.study_id is not None:
        conditions.append(trials.c.study_id == request.study_id)
    else:
        conditions.append(studies.c.definition["job"].as_string() != "external")
    if wanted.without_trials:
        conditions.append(trials.c.id.not_in(sorted(wanted.without_trials)))
    if wanted.without_studies:
        conditions.append(trials.c.study_id.not_in(sorted(wanted.without_studies)))
    return conditions


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
