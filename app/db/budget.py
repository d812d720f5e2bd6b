"""The budget's columns of a study: reserved at a claim, settled at an end, never beyond the limit.

The table's CHECKs are the last line; the conditions here are what makes a claim look elsewhere.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, case, func, or_, select, true, update

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
    s = studies.c
    all_steps = s.steps_spent + s.steps_reserved + steps
    all_seconds = s.gpu_seconds_spent + s.gpu_seconds_reserved + gpu_seconds
    has_seconds = or_(s.gpu_seconds_limit.is_(None), all_seconds <= s.gpu_seconds_limit)
    changed = connection.execute(
        update(studies)
        .where(s.id == study_id, s.state == StudyState.ACTIVE)
        .where(or_(s.steps_limit.is_(None), all_steps <= s.steps_limit))
        .where(has_seconds if gpu_seconds else true())
        .values(
            steps_reserved=s.steps_reserved + steps,
            gpu_seconds_reserved=s.gpu_seconds_reserved + gpu_seconds,
            version=s.version + 1,
            updated_at=now_seconds(),
        )
        .returning(s.id)
    )
    return changed.first() is not None


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
    s = studies.c
    is_limited = s.gpu_seconds_limit.is_not(None)
    within = min(settled.used_gpu_seconds, settled.reserved_gpu_seconds)
    spent = case((is_limited, within), else_=settled.used_gpu_seconds)
    overrun = case((is_limited, settled.overrun_gpu_seconds), else_=0.0)
    columns: dict[str, object] = {
        "steps_reserved": s.steps_reserved - settled.reserved_steps,
        "steps_spent": s.steps_spent + settled.spent_steps,
        "steps_lost": s.steps_lost + settled.lost_steps,
        "gpu_seconds_reserved": s.gpu_seconds_reserved - settled.reserved_gpu_seconds,
        "gpu_seconds_spent": s.gpu_seconds_spent + spent,
        "gpu_seconds_overrun": s.gpu_seconds_overrun + overrun,
        "seconds_per_step": _median_speed(study_id),
        "version": s.version + 1,
        "updated_at": now_seconds(),
    }
    if result:
        columns |= _best_columns(result)
    connection.execute(update(studies).where(s.id == study_id).values(columns))


def _best_columns(result: Result) -> dict[str, object]:
    """A finite result replaces a worse or a diverged one; a diverged one only fills a gap."""
    s = studies.c
    if result.value is None:
        is_first = s.best_trial_id.is_(None)
        return {"best_trial_id": case((is_first, result.trial_id), else_=s.best_trial_id)}
    sign = result.direction.sign
    is_better = or_(s.best_value.is_(None), sign * s.best_value > sign * result.value)
    return {
        "best_trial_id": case((is_better, result.trial_id), else_=s.best_trial_id),
        "best_value": case((is_better, result.value), else_=s.best_value),
    }


def _median_speed(study_id: StudyId) -> ColumnElement[float]:
    a = attempts.c
    recent = (
        select(((a.ended_at - a.started_at) / (a.last_step - a.start_step)).label("speed"))
        .where(a.study_id == study_id, a.ended_at.is_not(None), a.last_step > a.start_step)
        .where(a.state.in_((AttemptState.SUCCEEDED, AttemptState.PREEMPTED)))
        .order_by(a.ended_at.desc())
        .limit(RECENT_ATTEMPTS)
        .subquery()
    )
    middle = select(func.count() // 2).select_from(recent).scalar_subquery()
    ordered = select(recent.c.speed).order_by(recent.c.speed).offset(middle).limit(1)
    return ordered.scalar_subquery()
