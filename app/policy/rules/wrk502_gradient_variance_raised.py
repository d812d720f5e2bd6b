"""The variance of the gradients was raised since the horizon was chosen.

What it does: compares a round with the last reviewed tune round before it (of a new study: of the
newest earlier study of the same name): a smaller batch size, and augmentation or regularisation
switched on, raised or replaced. The expected factor on the number of steps is learned from the
user's own rounds where two of them differ in nothing else; otherwise the batch law
(1 + Bc/B2) / (1 + Bc/B1) gives a bracket from 1 to B1/B2, and one augmentation or regularisation
is planned with 1.5, several with 2. A horizon that grew by as much along with the change is fine.

Why it matters: whatever raises the variance of the gradients usually slows training and can raise
the number of steps that a result needs (P-5); the ideal number of steps changes with it (P-12).

What to do: multiply `max_train_steps` by the factor, or let the horizon be checked again; nothing
is multiplied by itself.
"""

from dataclasses import replace

from app.policy.admission import RoundAdmission, at_review
from app.policy.baseline import NO_BASELINE, Baseline, baseline_of
from app.policy.conditions import Conditions, conditions_of
from app.policy.facts import ReviewFacts
from app.policy.gradient_variance import Raised, raised_variance
from app.policy.progress import thinned
from app.policy.rule import Rule, Severity, Stage
from app.policy.step_factor import Factor, expected_factor
from app.policy.verdicts import Clear, Finding, Judged, Verdict

ACTION = "Train about {} steps, or have the horizon checked anew; nothing is multiplied by itself."


def check(facts: RoundAdmission) -> Verdict:
    """Judge what raises the variance against the round that the horizon was chosen by."""
    baseline = baseline_of(facts.study)
    if baseline is None:
        return NO_BASELINE
    before = conditions_of(baseline.round.definition)
    raised = raised_variance(before, Conditions(facts.parameters, facts.fixed, facts.tags))
    if not raised:
        evidence = {"since": baseline.name, "changed": []}
        return Clear(Judged(evidence, 0.0, 0.0), f"no more variance than in {baseline.name}")
    factor = expected_factor(facts.study, raised)
    return _judge(facts, baseline, raised, factor)


def check_review(facts: ReviewFacts) -> Verdict:
    """The same at the review, which keeps the best so far for later rounds to learn from."""
    verdict = at_review(check)(facts)
    evidence = {**verdict.judged.evidence, "best_so_far": thinned(facts.progress)}
    return replace(verdict, judged=replace(verdict.judged, evidence=evidence))


def _judge(
    facts: RoundAdmission, baseline: Baseline, raised: tuple[Raised, ...], factor: Factor
) -> Verdict:
    chosen = baseline.round.definition.max_train_steps
    now = facts.max_train_steps or chosen
    evidence = {
        "since": baseline.name,
        "changed": [one.change.evidence for one in raised],
        "factor_low": factor.low,
        "factor_high": factor.high,
        "source": factor.source,
        "steps_before": chosen,
        "steps_now": now,
    }
    judged = Judged(evidence, factor.high, now / chosen, (factor.low, factor.high))
    told = ", ".join(one.change.told for one in raised)
    if now >= factor.high * chosen:
        return Clear(judged, f"{told} since {baseline.name}: {now} steps for {chosen} allow for it")
    message = f"{told} since {baseline.name} chose {chosen} steps: expect {factor.told} as many"
    return Finding(message, ACTION.format(round(factor.high * chosen)), judged)


RULE = Rule(
    code="WRK502",
    name="gradient-variance-raised",
    title="Gradient variance raised since the horizon was chosen",
    claims=("P-5", "P-12"),
    severity=Severity.WARN,
    explanation=__doc__,
    checks={
        Stage.STUDY_ADMISSION: check,
        Stage.ROUND_ADMISSION: check,
        Stage.ROUND_REVIEW: check_review,
    },
)
