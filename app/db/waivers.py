"""Waivers: dated, named exceptions to enforced rules."""

from dataclasses import dataclass
from typing import Any  # Any: rows of SQLAlchemy

from sqlalchemy import Connection, Row, delete, insert, select

from app.db.identifiers import new_id
from app.db.tables import waivers
from app.db.types import now_seconds
from app.domain.ids import StudyId, WaiverId


@dataclass(frozen=True, slots=True)
class StoredWaiver:
    """Who allows what, where (`round` None: everywhere), why, and until when (None: for good)."""

    id: WaiverId
    study_id: StudyId
    code: str
    round: int | None
    reason: str
    until: float | None
    by: str
    at: float


@dataclass(frozen=True, slots=True)
class NewWaiver:
    """A waiver about to be stored."""

    code: str
    round: int | None
    reason: str
    until: float | None
    by: str


def insert_one(connection: Connection, study_id: StudyId, new: NewWaiver) -> StoredWaiver:
    """Store a waiver."""
    row = connection.execute(
        insert(waivers)
        .values(
            id=new_id("waiver"),
            study_id=study_id,
            code=new.code,
            round=new.round,
            reason=new.reason,
            until=new.until,
            by=new.by,
            at=now_seconds(),
        )
        .returning(*waivers.columns)
    ).one()
    return _waiver(row)


def of_study(connection: Connection, study_id: StudyId) -> list[StoredWaiver]:
    """All of a study, expired ones included, oldest first."""
    query = select(waivers).where(waivers.c.study_id == study_id).order_by(waivers.c.at)
    return [_waiver(row) for row in connection.execute(query)]


def valid_of_study(connection: Connection, study_id: StudyId) -> list[StoredWaiver]:
    """Those that have not expired by the database's clock."""
    query = select(waivers).where(
        waivers.c.study_id == study_id,
        waivers.c.until.is_(None) | (waivers.c.until > now_seconds()),
    )
    return [_waiver(row) for row in connection.execute(query)]


def delete_one(connection: Connection, study_id: StudyId, waiver_id: WaiverId) -> bool:
    """Whether there was such a waiver."""
    mine = (waivers.c.study_id == study_id) & (waivers.c.id == waiver_id)
    return connection.execute(delete(waivers).where(mine)).rowcount > 0


def _waiver(row: Row[Any]) -> StoredWaiver:  # Any: a row
    return StoredWaiver(**row._mapping)
