"""More than three rounds without the maturity for them.

What it does: counts the rounds that a plan asks for, or, of a promotion, the distinct horizons of
the study's tune and final rounds together with the proposed one. More than three are a finding
unless modelling, pipelines and production are all declared mature.

Why it matters: any number of rounds is possible, one to three are usually most practical (P-22);
more pay off for teams with very mature modelling, mature pipelines and very long and expensive
production runs, and are often unproductive otherwise (P-30).

What to do: keep to three rounds, or declare all three of `maturity` where they are true.
"""

from app.domain.rounds import Purpose
from app.domain.studies import Maturity
from app.policy.plans import PlanFacts
from app.policy.promotions import PromotionFacts
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict

USUAL_ROUNDS = 3.0
COUNTED = (Purpose.TUNE, Purpose.FINAL)
ACTION = "Keep to {usual:g} rounds, or declare modelling, pipelines and production mature."


def check_plan(facts: PlanFacts) -> Verdict:
    """Judge how many rounds a plan may have."""
    usual = facts.setting("PRM605.usual_rounds", USUAL_ROUNDS)
    return _judge(facts.request.rounds_max, facts.request.maturity, usual)


def check_promotion(facts: PromotionFacts) -> Verdict:
    """Judge the horizons that the study has, and the one that is proposed."""
    study = facts.review.study
    if not facts.review.is_compute_bound:
        why = "asked of compute-bound studies: elsewhere checks move the horizon, not rounds"
        return Inconclusive(("compute_bound",), why)
    horizons = {
        r.definition.max_train_steps for r in study.rounds if r.definition.purpose in COUNTED
    }
    usual = facts.setting("PRM605.usual_rounds", USUAL_ROUNDS)
    return _judge(len({*horizons, facts.to_steps}), study.definition.maturity, usual)


def _judge(rounds: int, maturity: Maturity, usual: float) -> Verdict:
    is_mature = maturity.modelling and maturity.pipelines and maturity.production
    evidence = {"rounds": rounds, "is_mature": is_mature}
    judged = Judged(evidence, statistic=float(rounds), threshold=usual)
    if rounds <= usual:
        return Clear(judged, f"{rounds} rounds")
    if is_mature:
        return Clear(judged, f"{rounds} rounds, and all that they need is declared mature")
    message = f"{rounds} rounds, of which more than {usual:g} pay off only for mature teams"
    return Finding(message, ACTION.format(usual=usual), judged)


RULE = Rule(
    code="PRM605",
    name="many-rounds-without-maturity",
    title="More than three rounds without the maturity for them",
    claims=("P-22", "P-30"),
    severity=Severity.INFO,
    explanation=__doc__,
    checks={Stage.PROMOTION: check_promotion, Stage.PLAN: check_plan},
    settings={"PRM605.usual_rounds": USUAL_ROUNDS},
)
