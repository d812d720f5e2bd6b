"""How an attempt lies in its row: the one translation between the record and the columns."""

from dataclasses import asdict, fields
from typing import Any  # Any: JSON columns

from sqlalchemy import RowMapping

from app.db.tables import attempts
from app.domain.gpus import GpuUse
from app.domain.ids import AttemptId, StudyId, TrialId, WorkerId
from app.domain.pace import Pace
from app.domain.states import AttemptState, EndReason
from app.domain.trials import Attempt, CheckpointPlace, Start

_BULKY = frozenset({"stdout_tail", "stderr_tail"})
ATTEMPT_COLUMNS = tuple(
    column.label(f"attempt_{column.name}")
    for column in attempts.columns
    if column.name not in _BULKY
)


def attempt_of(row: RowMapping) -> Attempt:
    """The record in a row of `ATTEMPT_COLUMNS`."""
    get = {name[8:]: value for name, value in row.items() if name.startswith("attempt_")}
    return Attempt(
        id=AttemptId(get["id"]),
        trial_id=TrialId(get["trial_id"]),
        study_id=StudyId(get["study_id"]),
        number=get["number"],
        state=AttemptState(get["state"]),
        worker=WorkerId(get["worker"]),
        boot_id=get["boot_id"],
        slot=get["slot"],
        request_id=get["request_id"],
        start_step=get["start_step"],
        resume=start_of(get["resume"]),
        last_step=get["last_step"],
        started_at=get["started_at"],
        lease_expires_at=get["lease_expires_at"],
        claimable_at=get["claimable_at"],
        ended_at=get["ended_at"],
        reason=EndReason(get["reason"]) if get["reason"] else None,
        exit_code=get["exit_code"],
        reserved_steps=get["reserved_steps"],
        reserved_gpu_seconds=get["reserved_gpu_seconds"],
        reported=get["reported"],
        code=get["code"],
        pace=pace_of(get["pace"]),
        gpus=gpus_of(get["gpu"]),
    )


def gpus_of(stored: list[dict[str, Any]] | None) -> tuple[GpuUse, ...]:
    known = [field.name for field in fields(GpuUse)]
    return tuple(
        GpuUse(**{name: use[name] for name in known if name in use}) for use in stored or ()
    )


def pace_of(stored: list[Any] | None) -> Pace | None:
    return Pace(*stored) if stored else None


def start_of(stored: dict[str, Any] | None) -> Start | None:
    return Start(stored["step"], CheckpointPlace(**stored["checkpoint"])) if stored else None


def start_column(start: Start | None) -> dict[str, Any] | None:
    if start is None:
        return None
    place = start.checkpoint
    return {
        "step": start.step,
        "checkpoint": asdict(place),
    }
