"""Which reviews a rule is asked about, and the honest answer where it is not."""

from app.domain.rounds import Action, Purpose
from app.policy.facts import ReviewFacts
from app.policy.verdicts import Inconclusive

NEVER_CHANGED = (
    "the metric never changed in any trial, so there is nothing to judge: check that training "
    "updates the model and that the reported metric is the one meant"
)


def cannot_judge_steps(facts: ReviewFacts) -> Inconclusive | None:
    """Rules about steps and the horizon: tune rounds with a signal only."""
    return _wrong_purpose(facts) or _no_signal(facts)


def cannot_judge_space(facts: ReviewFacts) -> Inconclusive | None:
    """Rules about the search space: as above, and never of a promoted round (design section 3)."""
    return _wrong_purpose(facts) or _promoted(facts) or _no_signal(facts)


def is_promoted(facts: ReviewFacts) -> bool:
    """Whether the round re-runs winners: then its points say nothing about the space."""
    trials = facts.round.trials
    has_origins = bool(trials) and all(trial.origin is not None for trial in trials)
    return facts.round.action is Action.PROMOTE or has_origins


def _wrong_purpose(facts: ReviewFacts) -> Inconclusive | None:
    purpose = facts.round.definition.purpose
    if purpose is Purpose.TUNE:
        return None
    return Inconclusive(("purpose",), f"asked of tune rounds only; this is a {purpose} round")


def _promoted(facts: ReviewFacts) -> Inconclusive | None:
    if not is_promoted(facts):
        return None
    return Inconclusive(("purpose",), "not asked of a promoted round: it re-runs chosen points")


def _no_signal(facts: ReviewFacts) -> Inconclusive | None:
    return None if facts.has_signal else Inconclusive(("signal",), NEVER_CHANGED)
