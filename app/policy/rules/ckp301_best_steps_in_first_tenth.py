"""The best steps all lie in the first tenth of training.

What it does: takes the configurations that compete for the best result and locates each one's best
step: the earliest whose smoothed value is within evaluation noise of the smoothed minimum. A
finding if all of them (from ten on, all but one) lie in the first tenth.

Why it matters: if the best step is always in the first 10% of training, `max_train_steps` is far
too high (P-10); the rest of every trial is wasted.

What to do: check a quarter of the horizon, with larger learning rates beside the best one, and go
on down while nothing gets worse.
"""

from app.policy.applicability import cannot_judge_steps
from app.policy.best_steps import best_steps
from app.policy.facts import ReviewFacts
from app.policy.rule import Rule, Severity, Stage
from app.policy.step_evidence import not_located, share_of, step_evidence
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict

ZONE = 0.10  # P-10: the first 10% of training
EXCEPTION_FROM = 10  # members, of which one may lie outside the zone
ACTION = "Check a quarter of the horizon, with larger learning rates beside the best one."


def check(facts: ReviewFacts) -> Verdict:
    """Judge the robust best steps of the competitive set."""
    zone = facts.setting("CKP301.zone", ZONE)
    found = best_steps(facts)
    n = len(found.members)
    early = sum(fraction <= zone for fraction in found.robust)
    least = n - 1 if n >= facts.setting("CKP301.exception_from", EXCEPTION_FROM) else n
    judged = Judged(
        step_evidence(facts, found.robust, share_of(early, found)),
        statistic=share_of(early, found),
        threshold=least / n if n else None,
        n_used=n,
    )
    refused = cannot_judge_steps(facts)
    if refused is not None:
        return Inconclusive(refused.missing, refused.message, judged)
    unlocated = not_located(found, judged)
    if unlocated is not None:
        return unlocated
    message = f"{early} of {n} best steps lie in the first {zone:.0%} of {facts.horizon} steps"
    return Finding(message, ACTION, judged) if early >= least else Clear(judged, message)


RULE = Rule(
    code="CKP301",
    name="best-steps-in-first-tenth",
    title="Best steps in the first tenth: the horizon is far too high",
    claims=("P-9", "P-10"),
    severity=Severity.WARN,
    explanation=__doc__,
    checks={Stage.ROUND_REVIEW: check},
    settings={"CKP301.zone": ZONE, "CKP301.exception_from": EXCEPTION_FROM},
)
