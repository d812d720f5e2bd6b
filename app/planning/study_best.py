"""What a study names as its best trial, during its rounds and after the final one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from app.domain.rounds import Purpose, RoundDefinition
from app.planning.case import Reviews
from app.planning.moves import best_trial
from app.policy.configurations import best_of
from app.policy.divergence import has_nonfinite
from app.policy.facts import Configuration, ReviewFacts, RoundFacts, StudyFacts, TrialFacts


@dataclass(frozen=True, slots=True)
class BestTrial:
    """The trial, its best value in the user's direction, and the step of that value."""

    trial_id: str
    value: float
    step: int


def study_best(study: StudyFacts, reviews: Reviews | None = None) -> BestTrial | None:
    """After a final round: the best mean over all seeds at its setting. Else the best so far.
    None: nothing yet.

    A diverged trial is named only while there is no other.
    """
    reviews = reviews or Reviews(study)
    champion = best_of_finals(study, reviews.of)
    return _named(study, best_trial(champion)) if champion else _best_so_far(study, reviews)


def best_of_finals(study: StudyFacts, review: Callable[[int], ReviewFacts]) -> Configuration | None:
    """The best configuration of the last final round with a usable one, or of an earlier final
    round of the same length and tags: a new idea that came last has to beat what stood there."""
    best: Configuration | None = None
    lasts: RoundDefinition | None = None
    for final in reversed(study.rounds):
        given = final.definition
        is_other = lasts is not None and _length_and_tags(given) != _length_and_tags(lasts)
        if given.purpose is not Purpose.FINAL or is_other:
            continue
        found = own_best(review(final.number), final)
        if found is not None:
            lasts = lasts or given
            best = found if best is None or found.best_value < best.best_value else best
    return best


def own_best(facts: ReviewFacts, final: RoundFacts) -> Configuration | None:
    """The best of the configurations that this round itself ran."""
    own = {t.point_key for t in final.trials}
    return next((c for c in facts.configurations if c.point_key in own), None)


def _length_and_tags(given: RoundDefinition) -> tuple[int, dict[str, str]]:
    return given.max_train_steps, given.tags


def _best_so_far(study: StudyFacts, reviews: Reviews) -> BestTrial | None:
    measured = [t for r in study.rounds for t in r.trials if np.isfinite(t.objective).any()]
    exploded = {t.trial_id for r in study.rounds for t in reviews.of(r.number).diverged}
    alive = [t for t in measured if t.trial_id not in exploded and not has_nonfinite(t)]
    pool = alive or measured
    return _named(study, min(pool, key=lambda t: (*best_of(t), t.trial_id))) if pool else None


def _named(study: StudyFacts, trial: TrialFacts) -> BestTrial:
    value, step = best_of(trial)
    return BestTrial(trial.trial_id, study.definition.objective.direction.sign * value, step)
