"""The budget's columns of a study: reserved at a claim, settled at an end, never beyond the limit.

The table's CHECKs are the last line; the conditions here are what makes a claim look elsewhere.
"""

from dataclasses import dataclass
from functools import cache

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Double,
    Update,
    bindparam,
    case,
    func,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from app.db.tables import attempts, rounds, studies
from app.db.types import now_seconds
from app.domain.budget import Room, Settlement
from app.domain.ids import StudyId, TrialId
from app.domain.states import AttemptState, StudyState
from app.domain.studies import Direction

RECENT_ATTEMPTS = 51  # whose median is the study's speed


@dataclass(frozen=True, slots=True)
class Result:
    """An ended trial that may be the study's best; `value` None: it diverged."""

    trial_id: TrialId
    value: float | None
    direction: Direction


def reserve(connection: Connection, study_id: StudyId, steps: int, gpu_seconds: float) -> bool:
    """Set aside what a claim wants; False: it does not fit, or the study is not active now."""
    wanted = {"study": study_id, "steps": steps, "gpu_seconds": gpu_seconds}
    return connection.execute(_reserve(bool(gpu_seconds)), wanted).first() is not None


@cache
def _reserve(wants_seconds: bool) -> ReturningUpdate[tuple[str]]:
    s = studies.c
    all_steps = s.steps_spent + s.steps_reserved + bindparam("steps")
    all_seconds = s.gpu_seconds_spent + s.gpu_seconds_reserved + bindparam("gpu_seconds")
    has_seconds = or_(s.gpu_seconds_limit.is_(None), all_seconds <= s.gpu_seconds_limit)
    return (
        update(studies)
        .where(s.id == bindparam("study"), s.state == StudyState.ACTIVE)
        .where(or_(s.steps_limit.is_(None), all_steps <= s.steps_limit))
        .where(has_seconds if wants_seconds else true())
        .values(
            steps_reserved=s.steps_reserved + bindparam("steps"),
            gpu_seconds_reserved=s.gpu_seconds_reserved + bindparam("gpu_seconds"),
            served_at=now_seconds(),
            version=s.version + 1,
            updated_at=now_seconds(),
        )
        .returning(s.id)
    )


def room(connection: Connection, study_id: StudyId) -> Room:
    """What is left of the limits; the study is held until the transaction ends."""
    s = studies.c
    query = select(
        (s.steps_limit - s.steps_spent - s.steps_reserved).label("steps"),
        (s.gpu_seconds_limit - s.gpu_seconds_spent - s.gpu_seconds_reserved).label("gpu_seconds"),
    ).where(s.id == study_id)
    row = connection.execute(query.with_for_update(key_share=True)).one()
    return Room(row.steps, row.gpu_seconds)


def running_trials(connection: Connection, study_id: StudyId) -> int:
    """How many of the study's trials run. Hold the study first if it must stay true."""
    total = select(func.sum(rounds.c.running)).where(rounds.c.study_id == study_id)
    return int(connection.scalar(total) or 0)


def book(
    connection: Connection, study_id: StudyId, settled: Settlement, result: Result | None = None
) -> None:
    """Settle an attempt's end in the study's row, with its best trial and its speed."""
    values: dict[str, object] = {
        "study": study_id,
        "given_steps": settled.reserved_steps,
        "spent": settled.spent_steps,
        "lost": settled.lost_steps,
        "given_seconds": settled.reserved_gpu_seconds,
        "used": settled.used_gpu_seconds,
        "within": min(settled.used_gpu_seconds, settled.reserved_gpu_seconds),
        "overrun": settled.overrun_gpu_seconds,
    }
    statement = _BOOK
    if result:
        values |= {"trial": result.trial_id, "value": result.value, "sign": result.direction.sign}
        statement = _BOOK_DIVERGED if result.value is None else _BOOK_BEST
    connection.execute(statement, values)


def _booking() -> Update:
    s = studies.c
    is_limited = s.gpu_seconds_limit.is_not(None)
    spent = case((is_limited, _float("within")), else_=_float("used"))
    overrun = case((is_limited, _float("overrun")), else_=0.0)
    return (
        update(studies)
        .where(s.id == bindparam("study"))
        .values(
            steps_reserved=s.steps_reserved - bindparam("given_steps"),
            steps_spent=s.steps_spent + bindparam("spent"),
            steps_lost=s.steps_lost + bindparam("lost"),
            gpu_seconds_reserved=s.gpu_seconds_reserved - bindparam("given_seconds"),
            gpu_seconds_spent=s.gpu_seconds_spent + spent,
            gpu_seconds_overrun=s.gpu_seconds_overrun + overrun,
            seconds_per_step=_median_speed(),
            version=s.version + 1,
            updated_at=now_seconds(),
        )
    )


def _first_best() -> dict[str, object]:
    """A diverged result only fills a gap."""
    best = studies.c.best_trial_id
    return {"best_trial_id": case((best.is_(None), bindparam("trial")), else_=best)}


def _better_best() -> dict[str, object]:
    """A finite result replaces a worse or a diverged one."""
    s, value, sign = studies.c, _float("value"), _float("sign")
    is_better = or_(s.best_value.is_(None), sign * s.best_value > sign * value)
    return {
        "best_trial_id": case((is_better, bindparam("trial")), else_=s.best_trial_id),
        "best_value": case((is_better, value), else_=s.best_value),
    }


def _float(name: str) -> BindParameter[float]:
    return bindparam(name, type_=Double())


def _median_speed() -> ColumnElement[float]:
    a = attempts.c
    recent = (
        select(((a.ended_at - a.started_at) / (a.last_step - a.start_step)).label("speed"))
        .where(
            a.study_id == bindparam("study"), a.ended_at > a.started_at, a.last_step > a.start_step
        )
        .where(a.state.in_((AttemptState.SUCCEEDED, AttemptState.PREEMPTED)))
        .order_by(a.ended_at.desc())
        .limit(RECENT_ATTEMPTS)
        .subquery()
    )
    middle = select(func.count() // 2).select_from(recent).scalar_subquery()
    ordered = select(recent.c.speed).order_by(recent.c.speed).offset(middle).limit(1)
    return ordered.scalar_subquery()


_BOOK = _booking()
_BOOK_DIVERGED = _BOOK.values(_first_best())
_BOOK_BEST = _BOOK.values(_better_best())
