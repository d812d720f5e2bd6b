"""Leases that lapsed: marking them claimable, and what they hold."""

from typing import Any  # Any: a row of SQLAlchemy

from sqlalchemy import Connection, Select, bindparam, select, update

from app.db.attempts import IS_LIVE
from app.db.tables import attempts, trials
from app.db.types import now_seconds
from app.domain.ids import AttemptId, TrialId
from app.domain.reports import ClaimRequest
from app.domain.states import LIVE_ATTEMPTS


def expired(connection: Connection) -> list[AttemptId]:
    """Live, unmarked attempts whose lease has expired by the database's clock."""
    query = select(attempts.c.id).where(
        attempts.c.state.in_(LIVE_ATTEMPTS),
        attempts.c.lease_expires_at < now_seconds(),
        attempts.c.claimable_at.is_(None),
    )
    return [AttemptId(found) for found in connection.scalars(query.order_by(attempts.c.id))]


def live(connection: Connection) -> list[AttemptId]:
    """Every attempt that has not ended."""
    query = select(attempts.c.id).where(attempts.c.state.in_(LIVE_ATTEMPTS))
    return [AttemptId(found) for found in connection.scalars(query.order_by(attempts.c.id))]


def mark(connection: Connection, attempt_id: AttemptId) -> int | None:
    """Mark an attempt and its trial claimable; its GPU count, or None if it was heard meanwhile."""
    still = (
        update(attempts)
        .where(
            attempts.c.id == attempt_id,
            attempts.c.state.in_(LIVE_ATTEMPTS),
            attempts.c.lease_expires_at < now_seconds(),
        )
        .values(claimable_at=now_seconds())
        .returning(attempts.c.trial_id, attempts.c.claimable_at)
    )
    row = connection.execute(still).one_or_none()
    if row is None:
        return None
    holds = (trials.c.id == row.trial_id) & (trials.c.attempt_id == attempt_id)
    marked = update(trials).where(holds).values(claimable_at=row.claimable_at)
    gpus: int | None = connection.scalar(marked.returning(trials.c.gpus))
    return gpus


def unheard() -> Select[Any]:  # Any: a row
    """Trials that lapsed under the worker that asks, in this life of its machine, and may be taken
    over at once: it was not heard since. (Afterwards the trial's moment is later than its mark.)"""
    a = attempts.c
    claimable_at = select(trials.c.claimable_at).where(trials.c.id == a.trial_id)
    is_mine = (a.worker == bindparam("worker")) & (a.boot_id == bindparam("boot"))
    is_first = claimable_at.correlate(attempts).scalar_subquery() <= a.claimable_at
    return select(a.trial_id).where(is_mine, IS_LIVE, is_first)


def unheard_of(connection: Connection, request: ClaimRequest) -> list[TrialId]:
    """Those of this worker."""
    who = {"worker": request.worker, "boot": request.boot_id}
    return [TrialId(found) for found in connection.scalars(unheard(), who)]


def hear_first(connection: Connection, trial_id: TrialId, seconds: float) -> None:
    """Nobody takes a lapsed attempt of the trial over for so long."""
    is_lapsed = (trials.c.id == trial_id) & trials.c.claimable_at.is_not(None)
    later = now_seconds() + seconds
    connection.execute(update(trials).where(is_lapsed).values(claimable_at=later))
