"""Leases that lapsed: marking them claimable, and what they hold."""

from sqlalchemy import Connection, select, update

from app.db.tables import attempts, trials
from app.db.types import now_seconds
from app.domain.ids import AttemptId
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
        .returning(attempts.c.trial_id)
    )
    trial_id = connection.scalar(still)
    if trial_id is None:
        return None
    holds = (trials.c.id == trial_id) & (trials.c.attempt_id == attempt_id)
    marked = update(trials).where(holds).values(claimable_at=now_seconds())
    gpus: int | None = connection.scalar(marked.returning(trials.c.gpus))
    return gpus
