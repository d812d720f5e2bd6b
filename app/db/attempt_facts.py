"""What reviews ask of attempts and checkpoints: speed, code and saved steps of each trial."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from app.db.tables import attempts, checkpoints, trials
from app.domain.ids import StudyId


@dataclass(frozen=True, slots=True)
class Known:
    """By trial id: seconds a step of its last ended attempt, its code, steps of checkpoints."""

    seconds_per_step: dict[str, float]
    codes: dict[str, str]
    checkpoints: dict[str, tuple[int, ...]]


def of_study(connection: Connection, study_id: StudyId) -> Known:
    """All of a study, in two statements."""
    seconds: dict[str, float] = {}
    codes: dict[str, str] = {}
    held = select(attempts).join(trials, trials.c.attempt_id == attempts.c.id)
    for row in connection.execute(held.where(attempts.c.study_id == study_id)):
        done = row.last_step - row.start_step
        if row.ended_at is not None and done > 0:
            seconds[row.trial_id] = (row.ended_at - row.started_at) / done
        if row.code:
            codes[row.trial_id] = _code_of(row.code)
    return Known(seconds, codes, _checkpoints(connection, study_id))


def _code_of(stored: dict[str, str | None]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(stored.items()) if value)


def _checkpoints(connection: Connection, study_id: StudyId) -> dict[str, tuple[int, ...]]:
    query = (
        select(checkpoints.c.trial_id, checkpoints.c.step)
        .join(trials, trials.c.id == checkpoints.c.trial_id)
        .where(trials.c.study_id == study_id, checkpoints.c.is_forgotten.is_(False))
        .order_by(checkpoints.c.step)
    )
    found: dict[str, list[int]] = {}
    for row in connection.execute(query):
        found.setdefault(row.trial_id, []).append(row.step)
    return {trial: tuple(steps) for trial, steps in found.items()}
