"""What belongs to trials: their attempts and checkpoints, read for many at once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any  # Any: rows of SQLAlchemy

from sqlalchemy import BindParameter, Connection, Row, Text, bindparam, cast, select

from app.db.attempt_rows import gpus_of, pace_of
from app.db.checkpoints import checkpoint_of
from app.db.tables import attempts, checkpoints, trials
from app.domain.gpus import GpuUse
from app.domain.ids import AttemptId, StudyId, TrialId
from app.domain.pace import Pace, seconds_per_step
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
    gpus: tuple[GpuUse, ...] = ()
    pace: Pace | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """Attempts by number, checkpoints by step; forgotten ones are left out."""

    attempts: list[AttemptSummary] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)

    @property
    def seconds_per_step(self) -> float | None:
        """Over all attempts; None: too short to measure."""
        return seconds_per_step(one.pace for one in self.attempts if one.pace)


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


@dataclass(frozen=True, slots=True)
class Run:
    """What ran for a trial: the code of its last attempt (its commit, and the digest of its files),
    and its speed; None: not known."""

    code: str | None
    seconds_per_step: float | None


def runs_of_study(connection: Connection, study_id: StudyId) -> dict[TrialId, Run]:
    """What ran for each trial of a study; trials without an attempt are absent."""
    query = (
        select(attempts.c.trial_id, attempts.c.code, attempts.c.pace)
        .where(attempts.c.study_id == study_id)
        .order_by(attempts.c.number)
    )
    codes: dict[TrialId, str | None] = {}
    paces: dict[TrialId, list[Pace]] = {}
    for row in connection.execute(query):
        trial_id = TrialId(row.trial_id)
        codes[trial_id] = _code(row.code) or codes.get(trial_id)
        paces.setdefault(trial_id, []).extend(Pace(*told) for told in [row.pace] if told)
    return {one: Run(code, seconds_per_step(paces[one])) for one, code in codes.items()}


def codes_by_round(connection: Connection, study_id: StudyId) -> dict[int, tuple[str, ...]]:
    """The versions of the code that each round's attempts recorded, sorted."""
    query = (
        select(trials.c.round, cast(attempts.c.code, Text).label("code"))
        .join(trials, trials.c.id == attempts.c.trial_id)
        .where(attempts.c.study_id == study_id, attempts.c.code.is_not(None))
        .distinct()
    )
    found: dict[int, set[str]] = {}
    for row in connection.execute(query):
        code = _code(json.loads(row.code))
        if code is not None:
            found.setdefault(row.round, set()).add(code)
    return {number: tuple(sorted(codes)) for number, codes in found.items()}


def _code(stored: dict[str, Any] | None) -> str | None:  # Any: JSON
    known = [str(value) for value in (stored or {}).values() if value]
    return " ".join(known) or None


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
        gpus=gpus_of(row.gpu),
        pace=pace_of(row.pace),
    )
