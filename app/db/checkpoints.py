"""Checkpoints: what was saved where, and which of them a worker can read."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any  # Any: a row of SQLAlchemy

from sqlalchemy import Connection, Executable, Row, bindparam, func, select, update

from app.db.tables import attempts, checkpoints, workers
from app.db.types import now_seconds
from app.db.upserts import upsert_of
from app.domain.ids import AttemptId, StudyId, TrialId, WorkerId
from app.domain.states import LIVE_ATTEMPTS
from app.domain.trials import Checkpoint

_IDS_A_STATEMENT = 500


@dataclass(frozen=True, slots=True)
class Reader:
    """Who would resume: a worker without the shared store reads only what it wrote itself."""

    worker: WorkerId
    shares_store: bool


def store(connection: Connection, checkpoint: Checkpoint) -> float:
    """Keep a checkpoint; a repeated report of the same step replaces it. When it was first told."""
    told_at = connection.scalar(_store(connection.dialect.name), asdict(checkpoint))
    return float(told_at or 0.0)


@cache
def _store(dialect: str) -> Executable:
    new = upsert_of(dialect, checkpoints).values(created_at=now_seconds())
    changed = ("value", "store", "key", "bytes", "sha256")
    return new.on_conflict_do_update(
        index_elements=["attempt_id", "step"],
        set_={name: new.excluded[name] for name in changed} | {"is_forgotten": False},
    ).returning(checkpoints.c.created_at)


def readable(connection: Connection, trial_id: TrialId, reader: Reader) -> list[Checkpoint]:
    """Those checkpoints of a trial that the reader's store holds, the latest step first."""
    is_own = attempts.c.worker == reader.worker
    is_shared = func.coalesce(workers.c.shares_store, True)
    query = (
        select(checkpoints)
        .join(attempts, attempts.c.id == checkpoints.c.attempt_id)
        .outerjoin(workers, workers.c.id == attempts.c.worker)
        .where(
            checkpoints.c.trial_id == trial_id,
            ~checkpoints.c.is_forgotten,
            (is_own | is_shared) if reader.shares_store else is_own,
        )
        .order_by(checkpoints.c.step.desc(), checkpoints.c.created_at.desc())
    )
    return [checkpoint_of(row) for row in connection.execute(query)]


def kept_of_trial(connection: Connection, trial_id: TrialId, store_name: str) -> list[Checkpoint]:
    """What is kept of a trial in one store, by step."""
    wanted = {"trial": trial_id, "place": store_name}
    return [checkpoint_of(row) for row in connection.execute(_KEPT, wanted)]


_KEPT = (
    select(checkpoints)
    .where(
        checkpoints.c.trial_id == bindparam("trial"),
        checkpoints.c.store == bindparam("place"),
        ~checkpoints.c.is_forgotten,
    )
    .order_by(checkpoints.c.step)
)


def forgotten_of_trial(
    connection: Connection, trial_id: TrialId, store_name: str
) -> list[Checkpoint]:
    """What of a trial was to be deleted from one store."""
    query = select(checkpoints).where(
        checkpoints.c.trial_id == trial_id,
        checkpoints.c.store == store_name,
        checkpoints.c.is_forgotten,
    )
    return [checkpoint_of(row) for row in connection.execute(query)]


def kept_of_study(connection: Connection, study_id: StudyId) -> list[tuple[Checkpoint, bool]]:
    """What is kept of a study, and whether the worker that wrote it shares the API's store."""
    is_shared = func.coalesce(workers.c.shares_store, False).label("is_shared")
    query = (
        select(checkpoints, is_shared)
        .join(attempts, attempts.c.id == checkpoints.c.attempt_id)
        .outerjoin(workers, workers.c.id == attempts.c.worker)
        .where(attempts.c.study_id == study_id, ~checkpoints.c.is_forgotten)
        .order_by(checkpoints.c.trial_id, checkpoints.c.step)
    )
    return [(checkpoint_of(row), bool(row.is_shared)) for row in connection.execute(query)]


def wanted_keys(connection: Connection) -> set[str]:
    """The keys of all checkpoints that somebody may be offered."""
    query = select(checkpoints.c.key).where(~checkpoints.c.is_forgotten)
    return set(connection.scalars(query))


def ended_attempts(connection: Connection, wanted: Sequence[str]) -> set[str]:
    """Those of the attempts that are known here and can register no checkpoint any more."""
    found: set[str] = set()
    for start in range(0, len(wanted), _IDS_A_STATEMENT):
        query = select(attempts.c.id).where(
            attempts.c.id.in_(wanted[start : start + _IDS_A_STATEMENT]),
            attempts.c.state.not_in(LIVE_ATTEMPTS),
        )
        found.update(connection.scalars(query))
    return found


def ever_of_trial(connection: Connection, trial_id: TrialId) -> list[Checkpoint]:
    """All that was ever saved of a trial, forgotten ones included, by step."""
    query = select(checkpoints).where(checkpoints.c.trial_id == trial_id)
    return [checkpoint_of(row) for row in connection.execute(query.order_by(checkpoints.c.step))]


def forget_many(connection: Connection, gone: Sequence[Checkpoint]) -> None:
    """Nobody is offered these, all of one trial, again: they are about to be deleted."""
    keys = [one.key for one in gone]
    if keys:
        connection.execute(
            update(checkpoints)
            .where(checkpoints.c.trial_id == gone[0].trial_id, checkpoints.c.key.in_(keys))
            .values(is_forgotten=True)
        )


def last_step_of(connection: Connection, attempt_id: AttemptId) -> int:
    """The step of an attempt's last checkpoint; 0 without one."""
    query = select(func.max(checkpoints.c.step)).where(
        checkpoints.c.attempt_id == attempt_id, ~checkpoints.c.is_forgotten
    )
    return connection.scalar(query) or 0


def forget(connection: Connection, store_name: str, key: str) -> None:
    """A worker found this checkpoint missing: nobody is offered it again."""
    connection.execute(
        update(checkpoints)
        .where(checkpoints.c.store == store_name, checkpoints.c.key == key)
        .values(is_forgotten=True)
    )


def checkpoint_of(row: Row[Any]) -> Checkpoint:
    """The record in a row of the table."""
    return Checkpoint(
        attempt_id=AttemptId(row.attempt_id),
        trial_id=TrialId(row.trial_id),
        step=row.step,
        value=row.value,
        store=row.store,
        key=row.key,
        bytes=row.bytes,
        sha256=row.sha256,
    )
