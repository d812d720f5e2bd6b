"""Too few configurations are promoted to hold the eventual best.

What it does: counts the configurations of the reviewed round that the proposal trains again, and
compares them with how many are worth a place: places are taken while the chance that the next one
alone holds the eventual best exceeds its share. Its evidence is the price: how often the best 1 to
6 of 20 hold the eventual best when they were chosen at this fraction of the horizon.

Why it matters: conclusions at 10% of the length may not hold at 20%, let alone at full length
(P-21), so round 2 trains a few good points, not one (P-24).

What to do: promote as many as it names, or accept the smaller chance knowingly.
"""

from app.policy.promotions import PromotionFacts, cannot_judge_winners
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Finding, Judged, Verdict
from app.policy.winners_wanted import (
    INSIDE_TABLE,
    MOST_WINNERS,
    noise_unit,
    probability_inside,
    winners_wanted,
)

EARLY, LATE = min(INSIDE_TABLE), max(INSIDE_TABLE)  # of the horizon: the table ends here
MEASURED_TRIALS = 20  # configurations among which the table was measured


def check(facts: PromotionFacts) -> Verdict:
    """Judge how many configurations go on, those that ran at the new horizon already included."""
    refused = cannot_judge_winners(facts)
    if refused is not None:
        return refused
    promoted, wanted = len(facts.placed), winners_wanted(facts.review, facts.growth)
    fraction = min(1.0, 1 / facts.growth)
    curve = [probability_inside(k, fraction) for k in range(1, MOST_WINNERS + 1)]
    evidence = {"promoted": promoted, "wanted": wanted, "horizon_fraction": fraction}
    unit = noise_unit(facts.review)
    read_from = {"noise_unit": unit.value, "noise_source": unit.source}
    measured = {"probability_inside": curve, "measured_trials": MEASURED_TRIALS}
    judged = Judged(
        {**evidence, **measured, **read_from},
        statistic=float(promoted),
        threshold=float(wanted),
        n_used=len(facts.review.configurations),
    )
    message = (
        f"{promoted} configurations go on, {wanted} are worth a place; chosen at "
        f"{_when(fraction, facts.to_steps)}, the best 1, 2 ... {len(curve)} of {MEASURED_TRIALS} "
        f"hold the eventual best in {_bound(fraction)}"
        f"{', '.join(f'{100 * p:.0f}' for p in curve)}% of studies"
    )
    if promoted >= wanted:
        return Clear(judged, message)
    return Finding(message, f"Promote {wanted} configurations.", judged)


def _bound(fraction: float) -> str:
    """Beyond its ends the table keeps its last column."""
    return "at most " if fraction < EARLY else "at least " if fraction > LATE else ""


def _when(fraction: float, steps: int) -> str:
    return f"{fraction:.0%} of {steps} steps" if fraction < LATE else "half of the steps or more"


RULE = Rule(
    code="PRM603",
    name="too-few-promoted",
    title="Too few configurations are promoted to hold the eventual best",
    claims=("P-21", "P-24"),
    severity=Severity.WARN,
    explanation=__doc__,
    checks={Stage.PROMOTION: check},
)
