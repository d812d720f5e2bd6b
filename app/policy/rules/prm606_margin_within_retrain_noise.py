"""The winner's margin lies within retrain noise.

What it does: compares how far the best promoted configuration is ahead of the next one with the
spread that two trainings of one configuration would show: twice the standard deviation of their
difference. It also says by how much the best of those that tie is flattered for having been chosen
(the winner's curse). Without replicates the spread is assumed from the noise within runs.

Why it matters: rounds trade thoroughness for relevance (P-22); which of several that tie is the
best is luck, and its value will be a little worse when it is trained again.

What to do: train the finalists under two or three new seeds before one is named; nothing is wrong
with promoting them together.
"""

import math
from statistics import NormalDist

from app.policy.facts import ReviewFacts
from app.policy.promotions import PromotionFacts, cannot_judge_winners
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Evidence, Finding, Inconclusive, Judged, Verdict

DEVIATIONS = 2.0  # of the difference of two trainings: chance alone passes it once in 20
ACTION = "Train them under two or three new seeds before one is named the best."


def check(facts: PromotionFacts) -> Verdict:
    """Judge the margin between the best two configurations of the reviewed round."""
    refused = cannot_judge_winners(facts)
    if refused is not None:
        return refused
    found, noise = facts.review.configurations, facts.review.noise
    if len(found) < 2:
        return Inconclusive(("trials",), "only one configuration completed: it has no margin")
    margin = found[1].best_value - found[0].best_value
    reach = facts.setting("PRM606.deviations", DEVIATIONS) * math.sqrt(2) * noise.seed
    tied = sum(1 for c in found if c.best_value <= found[0].best_value + reach)
    evidence = {"margin": margin, "retrain_noise": reach, "tied": tied}
    evidence |= (spread := _noise(facts.review, tied))
    judged = Judged(evidence, margin, reach, n_used=len(found))
    assumed = " (assumed: no replicates)" if noise.is_assumed else ""
    message = (
        f"the best is ahead by {margin:.3g}, retraining moves a margin by {reach:.3g}{assumed}"
    )
    if margin > reach:
        return Clear(judged, message)
    curse = f"the best looks better than it is by about {spread['flattered_by']:.2g}"
    return Finding(f"{message}: {tied} configurations tie, and {curse}", ACTION, judged)


def _noise(review: ReviewFacts, tied: int) -> Evidence:
    """Blom's expectation of the best of `tied` equals: how much better than its worth it looks."""
    expected = NormalDist().inv_cdf((tied - 0.375) / (tied + 0.25))
    spread = review.noise.seed / math.sqrt(len(review.configurations[0].trials))
    return {
        "seed_noise": review.noise.seed,
        "is_assumed": review.noise.is_assumed,
        "flattered_by": max(0.0, expected) * spread,
    }


RULE = Rule(
    code="PRM606",
    name="margin-within-retrain-noise",
    title="The winner's margin lies within retrain noise",
    claims=("P-22",),
    severity=Severity.INFO,
    explanation=__doc__,
    checks={Stage.PROMOTION: check},
    settings={"PRM606.deviations": DEVIATIONS},
)
