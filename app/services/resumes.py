"""Prefix reuse checked against what is stored: an heir continues only what it would have trained
itself, and a checkpoint that is gone costs its steps again."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from app import wire
from app.db import checkpoints, rounds, trial_parts, trials
from app.db.database import Connection
from app.db.studies import Study
from app.domain.curves import lies_on
from app.domain.errors import InvalidInput, MissingObject, RefusedByRules
from app.domain.ids import TrialId
from app.domain.prefixes import Run, differences
from app.domain.recommendations import JudgedVerdict
from app.domain.rounds import Resume, RoundDefinition
from app.domain.trials import NewTrial, Trial
from app.policy.engine import admit_start
from app.policy.starts import StartFacts
from paceline.schedules import Schedule

HINT = "leave `resume` out to train from step 0, or"


def checked(
    connection: Connection, study: Study, horizon_steps: int, new: Sequence[NewTrial]
) -> tuple[NewTrial, ...]:
    """The trials, each without its `resume` where its checkpoint is gone: it pays all steps."""
    wanted = {trial.resume.trial_id for trial in new if trial.resume}
    steps = trial_parts.checkpoint_steps(connection, sorted(wanted))
    return tuple(
        trial
        if trial.resume is None or _is_possible(trial.resume, study, horizon_steps, steps)
        else replace(trial, resume=None)
        for trial in new
    )


def refuse_impossible(
    connection: Connection, study: Study, definition: RoundDefinition, new: Sequence[NewTrial]
) -> None:
    """Raises InvalidInput where a hand-written point could not have trained its origin's steps."""
    for trial in new:
        if trial.resume is not None:
            _refuse(connection, study, definition, trial, trial.resume)


def _is_possible(
    resume: Resume, study: Study, horizon_steps: int, steps: Mapping[TrialId, tuple[int, ...]]
) -> bool:
    is_kept = resume.step in steps.get(resume.trial_id, ())
    return study.definition.is_resumable and 0 < resume.step < horizon_steps and is_kept


def _refuse(
    connection: Connection, study: Study, definition: RoundDefinition, new: NewTrial, resume: Resume
) -> None:
    if not study.definition.is_resumable:
        raise InvalidInput(
            "a point resumes, but job.resumable is false: nothing says that a checkpoint restores"
            " the whole state",
            hint=f"{HINT} make the study with job.resumable: true",
        )
    if not 0 < resume.step < definition.max_train_steps:
        raise InvalidInput(
            f"a point resumes at step {resume.step}, which must lie between 1 and"
            f" {definition.max_train_steps - 1} in this round",
            hint=f"{HINT} name an earlier step",
        )
    origin = _origin(connection, study, resume.trial_id)
    _refuse_never_saved(connection, origin, resume.step)
    home = rounds.get(connection, study.id, origin.round).definition
    found = differences(_run(home, origin), _run(definition, new), resume.step)
    if found:
        verdicts = findings_at_start(origin, new.schedule, definition.max_train_steps, resume.step)
        raise (RefusedByRules if verdicts else InvalidInput)(
            f"a point cannot resume {origin.id} at step {resume.step}: {'; '.join(found)}",
            hint=f"{HINT} give the point what its origin had up to that step",
            findings=[wire.to_wire(verdict) for verdict in verdicts],
        )


def findings_at_start(
    origin: Trial, schedule: Schedule, horizon_steps: int, step: int
) -> tuple[JudgedVerdict, ...]:
    """What speaks against a run under this schedule beginning with the origin's checkpoint."""
    facts = StartFacts(
        step, origin.schedule, origin.max_train_steps, schedule, horizon_steps, origin.id
    )
    return tuple(verdict for verdict in admit_start(facts) if verdict.verdict != "clear")


def _origin(connection: Connection, study: Study, trial_id: TrialId) -> Trial:
    hint = f"{HINT} name a trial of this study"
    try:
        origin = trials.get(connection, trial_id)
    except MissingObject as error:
        raise InvalidInput(f"a point resumes {trial_id}, which is no trial", hint=hint) from error
    if origin.study_id != study.id:
        raise InvalidInput(f"a point resumes {trial_id}, a trial of another study", hint=hint)
    return origin


def _refuse_never_saved(connection: Connection, origin: Trial, step: int) -> None:
    """A step that was never saved is a mistake; one whose checkpoint is gone just costs more."""
    saved = checkpoints.ever_of_trial(connection, origin.id)
    steps = {one.step for one in saved if lies_on(origin.lineage, one.attempt_id, one.step)}
    if step not in steps:
        known = ", ".join(map(str, sorted(steps))) or "none"
        raise InvalidInput(
            f"{origin.id} has no checkpoint at step {step}; it has: {known}",
            hint=f"{HINT} name one of these steps (`checkpoint_steps` of a round asks for more)",
        )


def _run(definition: RoundDefinition, one: Trial | NewTrial) -> Run:
    fixed = {name: given.value for name, given in definition.fixed.items()}
    return Run(
        {**fixed, **one.params}, definition.tags, one.seed, one.schedule, definition.max_train_steps
    )
