"""The attempt that a slot's claim names as its predecessor: the training has ended, what it
reported is still on its way, so the attempt counts until it is finished."""

from dataclasses import dataclass
from typing import Any  # Any: rows of SQLAlchemy

from sqlalchemy import ColumnElement, ScalarSelect, bindparam, case, or_, select

from app.db.attempts import IS_LIVE
from app.db.tables import attempts, studies
from app.domain.ids import StudyId
from app.domain.reports import ClaimRequest


@dataclass(frozen=True, slots=True)
class Predecessor:
    """One that has not ended. `is_counted`: its study has a limit or a concurrency, so its finish
    may make room for the study's next trial."""

    study_id: StudyId
    is_counted: bool


def named(request: ClaimRequest) -> dict[str, object]:
    """The parameters of everything here."""
    after = "" if request.after is None else request.after.attempt_id  # NULL equals nothing
    return {"worker": request.worker, "slot": request.slot, "after": after}


def columns() -> tuple[ColumnElement[Any], ...]:  # Any: of several types
    """What `predecessor_of` reads."""
    s = studies.c
    limits = (s.concurrency, s.steps_limit, s.gpu_seconds_limit)
    is_counted = select(or_(*(limit.is_not(None) for limit in limits))).where(s.id == _study())
    return (
        _study().label("predecessor_study"),
        is_counted.scalar_subquery().label("is_predecessor_counted"),
    )


def predecessor_of(row: Any) -> Predecessor | None:  # Any: a row
    """None: the claim names none, or it has ended."""
    if row.predecessor_study is None:
        return None
    return Predecessor(StudyId(row.predecessor_study), bool(row.is_predecessor_counted))


def one_of_study() -> ColumnElement[int]:
    """1 for the predecessor's study, else 0."""
    return case((studies.c.id == _study(), 1), else_=0)


def _study() -> ScalarSelect[str]:
    a = attempts.c
    is_named = (a.id == bindparam("after")) & (a.worker == bindparam("worker"))
    mine = select(a.study_id).where(is_named, a.slot == bindparam("slot"), IS_LIVE)
    return mine.scalar_subquery()
