"""How a trial lies in its row: the one translation between the record and the columns, used by
every repository."""

from typing import Any  # Any: JSON columns and rows of SQLAlchemy

from sqlalchemy import RowMapping

from app.db.tables import trials
from app.domain.curves import Best, Lineage, Segment
from app.domain.ids import AttemptId, StudyId, TrialId
from app.domain.rounds import Origin, Relation, Resume
from app.domain.states import TrialState
from app.domain.trials import Trial
from paceline.schedules import Schedule

# Labelled, so that the columns of a joined attempt or study never meet a trial's of the same name.
TRIAL_COLUMNS = tuple(column.label(f"trial_{column.name}") for column in trials.columns)


def trial_of(row: RowMapping) -> Trial:
    """The record in a row of `TRIAL_COLUMNS`."""
    get = {name[6:]: value for name, value in row.items() if name.startswith("trial_")}
    return Trial(
        id=TrialId(get["id"]),
        study_id=StudyId(get["study_id"]),
        round=get["round"],
        number=get["number"],
        point_index=get["point_index"],
        point_key=get["point_key"],
        params=get["params"],
        seed=get["seed"],
        max_train_steps=get["max_train_steps"],
        interval_steps=get["interval_steps"],
        checkpoint_steps=tuple(get["checkpoint_steps"]),
        schedule=Schedule.from_dict(get["schedule"]),
        state=TrialState(get["state"]),
        censored=get["censored"],
        origin=origin_of(get["origin"]),
        resume=resume_of(get["resume"]),
        lineage=lineage_of(get["lineage"]),
        best=best_of(get),
        reason=get["reason"],
        caller_id=get["caller_id"],
        failures=get["failures"],
        attempt_count=get["attempts"],
        not_before=get["not_before"],
        is_open=get["is_open"],
        gpus=get["gpus"],
        claimable_at=get["claimable_at"],
        attempt_id=AttemptId(get["attempt_id"]) if get["attempt_id"] else None,
    )


def best_of(columns: dict[str, Any]) -> Best:
    return Best(
        step=columns["best_step"],
        value=columns["best_value"],
        last_step=columns["last_step"],
        first_nonfinite_step=columns["first_nonfinite_step"],
    )


def best_columns(best: Best) -> dict[str, Any]:
    return {
        "best_step": best.step,
        "best_value": best.value,
        "last_step": best.last_step,
        "first_nonfinite_step": best.first_nonfinite_step,
    }


def lineage_of(stored: list[list[Any]]) -> Lineage:
    return tuple(Segment(AttemptId(attempt), first, last) for attempt, first, last in stored)


def lineage_column(lineage: Lineage) -> list[list[Any]]:
    return [[part.attempt_id, part.from_step, part.to_step] for part in lineage]


def origin_of(stored: dict[str, Any] | None) -> Origin | None:
    return Origin(TrialId(stored["trial_id"]), Relation(stored["relation"])) if stored else None


def resume_of(stored: dict[str, Any] | None) -> Resume | None:
    return Resume(TrialId(stored["trial_id"]), stored["step"]) if stored else None


def resume_column(resume: Resume | None) -> dict[str, Any] | None:
    return {"trial_id": resume.trial_id, "step": resume.step} if resume else None
