"""The numbers that every answer of the best-step rules carries, and why they may not judge."""

from app.policy.best_steps import BestSteps, evaluations_per_trial
from app.policy.facts import ReviewFacts
from app.policy.horizon_number import relative_gap
from app.policy.verdicts import Inconclusive, Judged

WHY = {
    "trials": "fewer than 5 competitive configurations: too few best steps to speak of",
    "evaluations": "under 20 evaluations a trial: the best step cannot be located",
    "signal": "in fewer than 5 competitive configurations does the metric leave its own noise",
}


def step_evidence(facts: ReviewFacts, fractions: list[float], share: float) -> dict[str, object]:
    """The contract's keys of CKP301 and CKP302: always there, whatever the answer."""
    return {
        "share": share,
        "g75": relative_gap(facts, 0.75),
        "best_step_fractions": sorted(fractions),
        "evaluations_per_trial": evaluations_per_trial(facts),
    }


def share_of(count: int, found: BestSteps) -> float:
    """`count` over the members that have a best step; 0 without any."""
    return count / len(found.members) if found.members else 0.0


def not_located(found: BestSteps, judged: Judged) -> Inconclusive | None:
    """Inconclusive if best steps cannot be judged at all, with the numbers there are."""
    if not found.missing:
        return None
    return Inconclusive(found.missing, WHY[found.missing[0]], judged)
