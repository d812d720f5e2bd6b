"""What a study names as its best trial, during its rounds and after the final one."""

from dataclasses import dataclass

import numpy as np

from app.domain.rounds import Purpose
from app.planning.moves import best_trial
from app.policy.configurations import best_of
from app.policy.divergence import has_nonfinite
from app.policy.facts import StudyFacts, TrialFacts
from app.policy.prepare import prepare


@dataclass(frozen=True, slots=True)
class BestTrial:
    """The trial, its best value in the user's direction, and the step of that value."""

    trial_id: str
    value: float
    step: int


def study_best(study: StudyFacts) -> BestTrial | None:
    """After a final round: the best mean over all seeds at its setting. Else the best so far.
    None: nothing yet.

    A diverged trial is named only while there is no other.
    """
    finals = [r for r in study.rounds if r.definition.purpose is Purpose.FINAL]
    for final in reversed(finals):
        facts = prepare(study, final.number)
        own = {t.point_key for t in final.trials}
        found = [c for c in facts.configurations if c.point_key in own]
        if found:
            return _named(study, best_trial(found[0]))
    return _best_so_far(study)


def _best_so_far(study: StudyFacts) -> BestTrial | None:
    measured = [t for r in study.rounds for t in r.trials if np.isfinite(t.objective).any()]
    exploded = {t.trial_id for r in study.rounds for t in prepare(study, r.number).diverged}
    alive = [t for t in measured if t.trial_id not in exploded and not has_nonfinite(t)]
    pool = alive or measured
    return _named(study, min(pool, key=lambda t: (*best_of(t), t.trial_id))) if pool else None


def _named(study: StudyFacts, trial: TrialFacts) -> BestTrial:
    value, step = best_of(trial)
    return BestTrial(trial.trial_id, study.definition.objective.direction.sign * value, step)
