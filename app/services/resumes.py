"""Prefix reuse checked against what is stored: a checkpoint that is gone costs its steps again."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.db import trial_parts, trials
from app.db.database import Connection
from app.db.studies import Study
from app.domain.errors import InvalidInput, MissingObject
from app.domain.ids import TrialId
from app.domain.rounds import Resume
from app.domain.trials import NewTrial


def checked(
    connection: Connection, study: Study, horizon_steps: int, new: Sequence[NewTrial]
) -> tuple[NewTrial, ...]:
    """The trials, each without its `resume` where it cannot be.

    Raises InvalidInput where a point resumes a trial that the study does not have.
    """
    wanted = {trial.resume.trial_id for trial in new if trial.resume}
    for trial_id in sorted(wanted):
        _check_origin(connection, study, trial_id)
    steps = trial_parts.checkpoint_steps(connection, sorted(wanted))
    return tuple(
        trial
        if trial.resume is None or _is_possible(trial.resume, study, horizon_steps, steps)
        else replace(trial, resume=None)
        for trial in new
    )


def _is_possible(
    resume: Resume, study: Study, horizon_steps: int, steps: Mapping[TrialId, tuple[int, ...]]
) -> bool:
    is_kept = resume.step in steps.get(resume.trial_id, ())
    return study.definition.is_resumable and 0 < resume.step < horizon_steps and is_kept


def _check_origin(connection: Connection, study: Study, trial_id: TrialId) -> None:
    hint = "name a trial of this study, or leave `resume` out"
    try:
        origin = trials.get(connection, trial_id)
    except MissingObject as error:
        raise InvalidInput(f"a point resumes {trial_id}, which is no trial", hint=hint) from error
    if origin.study_id != study.id:
        raise InvalidInput(f"a point resumes {trial_id}, a trial of another study", hint=hint)
