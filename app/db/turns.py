"""Whose turn it is: the studies with work for a slot, in the order in which they are served.

Higher priority first; among equals the one that holds the fewest GPUs (a trial without any counts
as one), then the one that waits longest. Each study is probed through the index of claimable
trials, so the order costs the same before ten trials and before ten thousand.
"""

from dataclasses import dataclass
from typing import Any, TypeVar  # Any: JSON of the job, rows of SQLAlchemy

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
)

from app.db import predecessors, total_budget
from app.db.tables import rounds, studies, trials
from app.db.types import now_seconds
from app.domain.ids import StudyId
from app.domain.reports import ClaimRequest

MANY = 16  # studies at a time; more are asked for when a slot can run the jobs of none

T = TypeVar("T")

# Literals, word for word the conditions of the partial indexes (a comparison says NOT NULL, too).
IS_WAITING = literal_column("(trials.state = 'waiting')", Boolean)
IS_RUNNING = literal_column("(trials.state = 'running')", Boolean)
IS_ACTIVE = literal_column("(studies.state = 'active')", Boolean)


@dataclass(frozen=True, slots=True)
class Turn:
    """A study that has something for a slot with so many GPUs; its job is still to be matched."""

    study_id: StudyId
    job: dict[str, Any] | str  # as stored


def turns_of(
    connection: Connection, request: ClaimRequest, passed: frozenset[StudyId]
) -> tuple[Turn, ...]:
    """The next turns, without the studies that were passed over."""
    query = in_turn(
        is_of_study=request.study_id is not None, is_following=request.after is not None
    )
    query = query.where(studies.c.id.not_in(sorted(passed)))
    return tuple(map(turn_of, connection.execute(query, asked(request))))


def asked(request: ClaimRequest) -> dict[str, object]:
    """The parameters of `in_turn`."""
    place = {"gpus": request.offers.gpus, "study": request.study_id}
    return place | predecessors.named(request)


def turn_of(row: Any) -> Turn:  # Any: a row
    return Turn(StudyId(row.study_id), row.job)


def in_turn(*, is_of_study: bool, is_following: bool) -> Select[Any]:
    """Studies with something to claim, best first; of one priority first those whose trials need
    all of the slot's GPUs, for what needs fewer finds other slots. A claim that follows an attempt
    sees the order as that one's finish will leave it."""
    s = studies.c
    job = s.definition["job"]
    is_asked_for = s.id == bindparam("study") if is_of_study else job.as_string() != "external"
    running = _running()
    going_on = running - predecessors.one_of_study() if is_following else running
    has_room = or_(s.concurrency.is_(None), running < s.concurrency)
    has_waiting = _probe(and_(is_due(), has_steps_left())).is_not(None)
    has_work = or_(and_(has_room, has_waiting), _probe(is_left()).is_not(None))
    return (
        select(
            s.id.label("study_id"),
            job.label("job"),
            (-s.priority).label("rank"),
            case((_gpus_asked() == bindparam("gpus"), 0), else_=1).label("misfit"),
            (going_on * _gpus_of_trial()).label("held"),
            s.served_at,
        )
        .where(IS_ACTIVE, is_asked_for, has_work)
        .order_by("rank", "misfit", "held", "served_at", "study_id")
        .limit(MANY)
    )


def is_due() -> ColumnElement[bool]:
    """A waiting trial whose back-off is over."""
    return and_(IS_WAITING, trials.c.not_before <= now_seconds())


def is_left() -> ColumnElement[bool]:
    """A trial whose attempt has lapsed and is not heard first; never that of the predecessor."""
    is_predecessor = trials.c.attempt_id == bindparam("after")
    return and_(IS_RUNNING, trials.c.claimable_at <= now_seconds(), not_(is_predecessor))


def _running() -> ScalarSelect[int]:
    mine = select(func.coalesce(func.sum(rounds.c.running), 0))
    return mine.where(rounds.c.study_id == studies.c.id).correlate(studies).scalar_subquery()


def _gpus_of_trial() -> ColumnElement[int]:
    """What one of its trials holds."""
    return case((_gpus_asked() > 1, _gpus_asked()), else_=1)


def _gpus_asked() -> ColumnElement[int]:
    """GPUs a trial; an external job says none."""
    asked: ColumnElement[int] = studies.c.definition["job"]["gpus"].as_integer()
    return asked


def _probe(condition: ColumnElement[bool]) -> ScalarSelect[int]:
    """One claimable trial of the study. Not EXISTS, which a planner may turn into a join."""
    t = trials.c
    mine = select(t.gpus).where(t.study_id == studies.c.id, condition, t.gpus <= bindparam("gpus"))
    first = mine.order_by(t.gpus, t.number).limit(1)
    return first.correlate(studies).scalar_subquery()


def has_steps_left() -> ColumnElement[bool]:
    """Whether a waiting trial fits its study's limit, and that of all studies, at best: resumed at
    its last step, or at its prefix. (The reservation of a marked one comes back at the claim.)"""
    s = studies.c
    prefix = func.coalesce(cast(trials.c.resume["step"].as_string(), BigInteger), 0)
    done = case((trials.c.last_step > prefix, trials.c.last_step), else_=prefix)
    needed = trials.c.max_train_steps - done
    is_in_total = func.coalesce(needed <= total_budget.steps_left(), true())
    fits_study = s.steps_spent + s.steps_reserved + needed <= s.steps_limit
    return and_(or_(s.steps_limit.is_(None), fits_study), is_in_total)


def waiting_by_gpus(connection: Connection) -> dict[int, int]:
    """How many trials of active studies wait, those in back-off included, by their GPU counts."""
    query = (
        select(trials.c.gpus, func.count().label("waiting"))
        .join_from(trials, studies, studies.c.id == trials.c.study_id)
        .where(IS_WAITING, IS_ACTIVE)
        .group_by(trials.c.gpus)
        .order_by(trials.c.gpus)
    )
    return {row.gpus: row.waiting for row in connection.execute(query)}


def sizes_waiting(connection: Connection) -> list[int]:
    """The GPU counts for which some trial could be claimed now, marked ones included."""
    any_size = {"gpus": 2**31 - 1, "after": ""}
    sizes: set[int] = set()
    for condition in (and_(is_due(), has_steps_left()), is_left()):
        found = select(_probe(condition)).select_from(studies).where(IS_ACTIVE).distinct()
        sizes |= {size for size in connection.scalars(found, any_size) if size is not None}
    return sorted(sizes)
