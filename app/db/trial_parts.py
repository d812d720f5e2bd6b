"""What belongs to trials: their attempts and checkpoints, read for many at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any  # Any: rows of SQLAlchemy

from sqlalchemy import BindParameter, Connection, Row, bindparam, select

from app.db.checkpoints import checkpoint_of
from app.db.tables import attempts, checkpoints
from app.domain.ids import AttemptId, StudyId, TrialId
from app.domain.states import AttemptState
from app.domain.trials import Checkpoint

_IDS_A_STATEMENT = 500
_WANTED: BindParameter[str] = bindparam("wanted", expanding=True)
_ATTEMPTS = (
    select(*(column for column in attempts.columns if not column.name.endswith("_tail")))
    .where(attempts.c.trial_id.in_(_WANTED))
    .order_by(attempts.c.number)
)
_CHECKPOINTS = (
    select(checkpoints)
    .where(checkpoints.c.trial_id.in_(_WANTED), checkpoints.c.is_forgotten.is_(False))
    .order_by(checkpoints.c.step, checkpoints.c.created_at)
)


@dataclass(frozen=True, slots=True)
class AttemptSummary:
    """An attempt as its trial shows it."""

    id: AttemptId
    number: int
    state: AttemptState
    worker: str
    slot: str
    start_step: int
    last_step: int
    started_at: float
    ended_at: float | None
    reason: str | None
    exit_code: int | None


@dataclass(frozen=True, slots=True)
class Parts:
    """Attempts by number, checkpoints by step; forgotten ones are left out."""

    attempts: list[AttemptSummary] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)


def of_trials(connection: Connection, wanted: Sequence[TrialId]) -> dict[TrialId, Parts]:
    """The parts of each trial, empty where there are none."""
    found = {trial_id: Parts() for trial_id in wanted}
    for start in range(0, len(wanted), _IDS_A_STATEMENT):
        batch = list(wanted[start : start + _IDS_A_STATEMENT])
        for row in connection.execute(_ATTEMPTS, {"wanted": batch}):
            found[TrialId(row.trial_id)].attempts.append(_attempt(row))
        for kept in _checkpoints(connection, batch):
            found[kept.trial_id].checkpoints.append(kept)
    return found


def checkpoint_steps(
    connection: Connection, wanted: Sequence[TrialId]
) -> dict[TrialId, tuple[int, ...]]:
    """Steps of the checkpoints that exist; trials without any are absent."""
    steps: dict[TrialId, list[int]] = {}
    for start in range(0, len(wanted), _IDS_A_STATEMENT):
        for kept in _checkpoints(connection, wanted[start : start + _IDS_A_STATEMENT]):
            steps.setdefault(kept.trial_id, []).append(kept.step)
    return {trial_id: tuple(dict.fromkeys(found)) for trial_id, found in steps.items()}


def codes_of_study(connection: Connection, study_id: StudyId) -> dict[TrialId, str]:
    """What code each trial's last attempt ran: its commit, else the digest of its files."""
    query = (
        select(attempts.c.trial_id, attempts.c.code)
        .where(attempts.c.study_id == study_id, attempts.c.code.is_not(None))
        .order_by(attempts.c.number)
    )
    found = {}
    for row in connection.execute(query):
        known = [str(value) for value in (row.code or {}).values() if value]
        if known:
            found[TrialId(row.trial_id)] = " ".join(known)
    return found


def _checkpoints(connection: Connection, wanted: Sequence[TrialId]) -> list[Checkpoint]:
    rows = connection.execute(_CHECKPOINTS, {"wanted": list(wanted)})
    return [checkpoint_of(row) for row in rows]


def _attempt(row: Row[Any]) -> AttemptSummary:  # Any: a row
    return AttemptSummary(
        id=AttemptId(row.id),
        number=row.number,
        state=AttemptState(row.state),
        worker=row.worker,
        slot=row.slot,
        start_step=row.start_step,
        last_step=row.last_step,
        started_at=row.started_at,
        ended_at=row.ended_at,
        reason=row.reason,
        exit_code=row.exit_code,
    )
