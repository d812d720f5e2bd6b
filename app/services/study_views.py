"""A study as it is shown: with its rounds, its best trial and what it waits for now."""

from dataclasses import dataclass

from app.db import rounds, trial_parts, trials
from app.db.database import Connection
from app.db.studies import SECONDS_PER_HOUR, Study
from app.domain.ids import TrialId
from app.domain.rounds import Round
from app.domain.states import ENDED_STUDIES
from app.domain.trials import Checkpoint, Trial
from app.services import waiting
from app.services.slots import warnings_about, why_no_slot
from app.services.total_budget import beyond_totals


@dataclass(frozen=True, slots=True)
class Best:
    """The study's best trial and the checkpoint nearest to its best step, if one was kept."""

    trial: Trial
    checkpoint: Checkpoint | None


@dataclass(frozen=True, slots=True)
class StudyView:
    """A study as its answer shows it; its cost does not depend on the number of trials."""

    study: Study
    rounds: list[Round]
    best: Best | None
    waiting_for: str | None
    warnings: tuple[str, ...] = ()
    waits_because: str | None = None  # in words, where it waits for a limit or a worker


def view_of(connection: Connection, study: Study) -> StudyView:
    """The view of a study that was just read."""
    found = rounds.of_study(connection, study.id)
    answer, because = what_it_waits_for(connection, study, found)
    is_over = study.state in ENDED_STUDIES
    warnings = () if is_over else warnings_about(connection, study.definition)
    return StudyView(study, found, _best(connection, study), answer, warnings, because)


def what_it_waits_for(
    connection: Connection, study: Study, found: list[Round]
) -> tuple[str | None, str | None]:
    """The word, and where it is a limit or a worker the sentence that says which.

    What is stored, but for what depends on others: nodes, and the limits on all studies together.
    """
    if study.waiting_for == waiting.LIMIT:
        return waiting.LIMIT, spent_words(study)
    is_idle = not any(one.counts["running"] for one in found)
    if study.waiting_for != waiting.TRIALS or not is_idle:
        return study.waiting_for, None
    beyond = beyond_totals(connection, study, found)
    if beyond:
        return waiting.LIMIT, beyond
    why = why_no_slot(connection, study.definition)
    return (waiting.TRIALS, None) if why is None else ("worker", why)


def spent_words(study: Study) -> str:
    """What is spent of the study's own limits; without any it waits for `limits.rounds`."""
    told = ((study.steps, 1.0, "steps"), (study.gpu_seconds, SECONDS_PER_HOUR, "GPU-hours"))
    said = [
        f"{used.spent / unit:.6g} of {used.limit / unit:.6g} {what}"
        for used, unit, what in told
        if used.limit
    ]
    spent = " and ".join(said) or "all horizons of limits.rounds"
    return f"{spent} are spent, and what comes next needs more than is left"


def _best(connection: Connection, study: Study) -> Best | None:
    if study.best_trial_id is None:
        return None
    trial = trials.get(connection, TrialId(study.best_trial_id))
    kept = trial_parts.of_trials(connection, [trial.id])[trial.id].checkpoints
    at_best = [one for one in kept if one.step == trial.best.step]
    nearest = min(kept, key=lambda one: abs(one.step - (trial.best.step or 0)), default=None)
    return Best(trial, at_best[-1] if at_best else nearest)
