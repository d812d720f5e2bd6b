"""What a claim must know before it looks for work, and the search for a trial of a study."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar  # Any: JSON of the study's definition, rows of SQLAlchemy

from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    or_,
    select,
    true,
)

from app.db import lapsed, predecessors, total_budget
from app.db.attempts import IS_LIVE
from app.db.predecessors import Predecessor, predecessor_of
from app.db.tables import attempts, rounds, service_state, studies, trials, workers
from app.db.trial_rows import TRIAL_COLUMNS, trial_of
from app.db.turns import Turn, asked, has_steps_left, in_turn, is_due, is_left, turn_of
from app.db.types import now_seconds
from app.domain.ids import AttemptId, StudyId, TrialId
from app.domain.leases import Watch, WorkerState
from app.domain.reports import ClaimRequest
from app.domain.trials import Trial

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Doorstep:
    """Who asks: what this request or slot holds already, whether it may claim, and where."""

    repeated: AttemptId | None  # the attempt that this very request made
    unfinished: AttemptId | None  # an older one of the slot, not its predecessor
    unheard: TrialId | None  # of the worker, lapsed while it was cut off: it is back
    predecessor: Predecessor | None  # that the claim names, until it has ended
    worker_state: WorkerState | None  # None: not registered
    shares_store: bool
    seen_at: float | None  # None: not registered
    watch: Watch
    now: float
    is_limited: bool  # all studies together are
    turns: tuple[Turn, ...]

    @property
    def may_take(self) -> bool:
        """Whether nothing comes before a new attempt."""
        return self.repeated is None and self.unfinished is None and self.unheard is None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which trials of a study a search takes into account."""

    study_id: StudyId
    gpus: int
    takes_marked: bool
    predecessor: AttemptId | None  # never taken by the claim that names it


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
    """Everything about who asks and whose turn it is, in one statement."""
    who = {"request": request.request_id, "boot": request.boot_id}
    is_following = request.after is not None
    query = _arrival(is_of_study=request.study_id is not None, is_following=is_following)
    rows = connection.execute(query, who | asked(request)).all()
    row = rows[0]
    return Doorstep(
        repeated=row.repeated,
        unfinished=row.unfinished,
        unheard=row.unheard,
        predecessor=predecessor_of(row) if is_following else None,
        worker_state=WorkerState(row.worker_state) if row.worker_state else None,
        shares_store=row.shares_store is not False,
        seen_at=row.seen_at,
        watch=Watch(api_seen_at=row.api_seen_at, quiet_until=row.quiet_until or 0.0),
        now=row.now,
        is_limited=bool(row.is_limited),
        turns=tuple(turn_of(one) for one in rows if one.study_id is not None),
    )


@cache
def _arrival(*, is_of_study: bool, is_following: bool) -> Select[Any]:  # Any: a row
    who = _who(is_following).subquery()
    turn = in_turn(is_of_study=is_of_study, is_following=is_following).subquery()
    order = (turn.c.rank, turn.c.misfit, turn.c.held, turn.c.served_at, turn.c.study_id)
    return select(who, turn).select_from(who.outerjoin(turn, true())).order_by(*order)


def _who(is_following: bool) -> Select[Any]:  # Any: a row
    mine = attempts.c.worker == bindparam("worker")
    repeated = select(attempts.c.id).where(mine, attempts.c.request_id == bindparam("request"))
    unfinished = (
        select(attempts.c.id)
        .where(mine, attempts.c.slot == bindparam("slot"), IS_LIVE)
        .where(attempts.c.request_id != bindparam("request"))
        .order_by(attempts.c.started_at)
        .limit(1)
    )
    if is_following:
        unfinished = unfinished.where(attempts.c.id != bindparam("after"))
    worker = workers.c.id == bindparam("worker")
    return select(
        repeated.scalar_subquery().label("repeated"),
        unfinished.scalar_subquery().label("unfinished"),
        lapsed.unheard().limit(1).scalar_subquery().label("unheard"),
        select(workers.c.state).where(worker).scalar_subquery().label("worker_state"),
        select(workers.c.shares_store).where(worker).scalar_subquery().label("shares_store"),
        select(workers.c.last_seen_at).where(worker).scalar_subquery().label("seen_at"),
        _number("api_seen_at").label("api_seen_at"),
        _number("quiet_until").label("quiet_until"),
        now_seconds().label("now"),
        total_budget.is_limited().label("is_limited"),
        *(predecessors.columns() if is_following else ()),
    )


def find(
    connection: Connection, wanted: Wanted, without: Iterable[TrialId] = ()
) -> Candidate | None:
    """The study's first claimable trial, locked: those marked before those that wait, each by
    number; those locked by others are passed."""
    query = _search(wanted.takes_marked)
    left_out = sorted(without)
    if left_out:
        query = query.where(trials.c.id.not_in(left_out))
    known = {"study": wanted.study_id, "gpus": wanted.gpus, "after": wanted.predecessor or ""}
    row = connection.execute(query, known).mappings().one_or_none()
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
def _search(takes_marked: bool) -> Select[Any]:
    # Study and round by scalar subqueries: no join tempts the planner away from the index, whose
    # order this is, so a claim costs the same before ten trials and before ten thousand.
    waits = and_(is_due(), _of_study(has_steps_left()))
    is_claimable = or_(waits, is_left()) if takes_marked else waits
    return (
        select(
            *TRIAL_COLUMNS,
            _of_study(studies.c.definition).label("definition"),
            _round_definition().label("round_definition"),
            _of_study(studies.c.seconds_per_step).label("seconds_per_step"),
            _of_study(studies.c.concurrency).label("concurrency"),
            _of_study(studies.c.gpu_seconds_limit.is_not(None)).label("is_gpu_limited"),
        )
        .where(trials.c.study_id == bindparam("study"), trials.c.is_open, is_claimable)
        .where(trials.c.gpus <= bindparam("gpus"))
        .order_by(trials.c.state, trials.c.gpus, trials.c.number)
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


def _number(name: str) -> ScalarSelect[float | None]:
    return select(service_state.c.number).where(service_state.c.name == name).scalar_subquery()
