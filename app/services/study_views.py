"""A study as it is shown: with its rounds, its best trial and what it waits for now."""

from dataclasses import dataclass

from app.db import rounds, trial_parts, trials
from app.db.database import Connection
from app.db.studies import Study
from app.domain.ids import TrialId
from app.domain.rounds import Round
from app.domain.states import ENDED_STUDIES
from app.domain.trials import Checkpoint, Trial
from app.services import waiting
from app.services.slots import fits_a_live_slot, warnings_about


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


def view_of(connection: Connection, study: Study) -> StudyView:
    """The view of a study that was just read."""
    answer = study.waiting_for
    found = rounds.of_study(connection, study.id)
    is_idle = not any(one.counts["running"] for one in found)
    if answer == waiting.TRIALS and is_idle and not fits_a_live_slot(connection, study.definition):
        answer = "worker"
    is_over = study.state in ENDED_STUDIES
    warnings = () if is_over else warnings_about(connection, study.definition)
    return StudyView(study, found, _best(connection, study), answer, warnings)


def _best(connection: Connection, study: Study) -> Best | None:
    if study.best_trial_id is None:
        return None
    trial = trials.get(connection, TrialId(study.best_trial_id))
    kept = trial_parts.of_trials(connection, [trial.id])[trial.id].checkpoints
    at_best = [one for one in kept if one.step == trial.best.step]
    nearest = min(kept, key=lambda one: abs(one.step - (trial.best.step or 0)), default=None)
    return Best(trial, at_best[-1] if at_best else nearest)
