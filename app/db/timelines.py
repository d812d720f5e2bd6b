"""What ran on the slots of workers lately: the last attempts of each slot, newest first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any  # Any: a row of SQLAlchemy

from sqlalchemy import Connection, Row, Select, TextClause, select, text, union_all

from app.db.attempts import IS_LIVE
from app.db.tables import attempts
from app.domain.ids import AttemptId, StudyId, TrialId
from app.domain.states import LIVE_ATTEMPTS, AttemptState

LAST = 5  # attempts of a slot
HAS_ENDED = text("attempts.ended_at IS NOT NULL")  # word for word the partial index's
_PLACES_A_STATEMENT = 100

Place = tuple[str, str]  # worker and slot


@dataclass(frozen=True, slots=True)
class Stay:
    """An attempt as its slot shows it."""

    attempt_id: AttemptId
    trial_id: TrialId
    study_id: StudyId
    state: AttemptState
    started_at: float
    ended_at: float | None
    reason: str | None

    @property
    def is_live(self) -> bool:
        return self.state in LIVE_ATTEMPTS


def of_places(connection: Connection, places: Iterable[Place]) -> dict[Place, list[Stay]]:
    """The last stays at each place; each is found at an end of a stretch of an index."""
    found: dict[Place, list[Stay]] = {}
    for some in _batches(list(places)):
        query = union_all(*(_last(place, end) for place in some for end in (IS_LIVE, HAS_ENDED)))
        for row in connection.execute(query):
            found.setdefault((row.worker, row.slot), []).append(_stay(row))
    return {
        place: sorted(stays, key=lambda stay: -stay.started_at)[:LAST]
        for place, stays in found.items()
    }


def _batches(places: Sequence[Place]) -> Iterable[Sequence[Place]]:
    starts = range(0, len(places), _PLACES_A_STATEMENT)
    return (places[start : start + _PLACES_A_STATEMENT] for start in starts)


def _last(place: Place, which: TextClause) -> Select[Any]:
    a = attempts.c
    last = (
        select(
            *(a.worker, a.slot, a.id, a.trial_id, a.study_id),
            *(a.state, a.started_at, a.ended_at, a.reason),
        )
        .where(a.worker == place[0], a.slot == place[1], which)
        .order_by(a.started_at.desc())
        .limit(LAST)
        .subquery()
    )
    return select(last)


def _stay(row: Row[Any]) -> Stay:
    return Stay(
        attempt_id=AttemptId(row.id),
        trial_id=TrialId(row.trial_id),
        study_id=StudyId(row.study_id),
        state=AttemptState(row.state),
        started_at=row.started_at,
        ended_at=row.ended_at,
        reason=row.reason,
    )
