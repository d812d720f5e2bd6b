"""The best steps consistently lie in the last quarter of training.

What it does: takes the configurations that compete for the best result and counts those whose best
step lies in the last quarter: at least 4 of 5, 5 of 8, 6 of 10. Where the learning rate has fallen
below half its peak by then, annealing itself moves best steps to the end; the constant part of the
schedule alone, or the same configurations in a longer round, must then show it.

Why it matters: if the best step is consistently in the last 25%, training longer and re-tuning the
decay schedule may pay (P-11).

What to do: check twice the horizon with the best configurations; if it pays, extend the horizon
and re-tune the decay.
"""

from app.policy.applicability import cannot_judge_steps
from app.policy.decay_trap import constant_part, is_annealed
from app.policy.facts import ReviewFacts
from app.policy.late_best_steps import SETTINGS, late_best_steps
from app.policy.longer_rounds import gain_of_longer_rounds
from app.policy.rule import Rule, Severity, Stage
from app.policy.step_evidence import not_located, step_evidence
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict

ACTION = "Check twice the horizon with the best configurations; if it pays, re-tune the decay too."


def check(facts: ReviewFacts) -> Verdict:
    """Judge the raw best steps of the competitive set."""
    late = late_best_steps(facts)
    n = len(late.found.members)
    judged = Judged(
        step_evidence(facts, late.found.raw, late.share),
        statistic=late.share,
        threshold=late.least / n if n else None,
        n_used=n,
    )
    refused = cannot_judge_steps(facts)
    if refused is not None:
        return Inconclusive(refused.missing, refused.message, judged)
    unlocated = not_located(late.found, judged)
    if unlocated is not None:
        return unlocated
    message = f"{late.count} of {n} best steps lie in the last quarter of {facts.horizon} steps"
    if is_annealed(facts):
        return _judge_annealed(facts, judged, message)
    return Finding(message, ACTION, judged) if late.is_consistent else Clear(judged, message)


def _judge_annealed(facts: ReviewFacts, judged: Judged, message: str) -> Verdict:
    """Under a decay only the constant part, or a longer round, is evidence."""
    part = constant_part(facts)
    late = late_best_steps(facts, part) if part else None
    if late is not None and late.is_consistent:
        n = len(late.found.members)
        message = f"before the decay {late.count} of {n} best steps lie in the last quarter"
        return Finding(message, ACTION, judged)
    longer = gain_of_longer_rounds(facts)
    if longer is not None and longer.gain > facts.noise.eps:
        message = (
            f"the same configurations gain {longer.gain:.3g} at {longer.max_train_steps} steps"
        )
        return Finding(message, ACTION, judged)
    why = f"{message}, but the rate falls below half its peak there: no evidence by itself"
    return Inconclusive(("constant_part",), why, judged)


RULE = Rule(
    code="CKP302",
    name="best-steps-in-last-quarter",
    title="Best steps in the last quarter: train longer, re-tune the decay",
    claims=("P-9", "P-11"),
    severity=Severity.WARN,
    explanation=__doc__,
    checks={Stage.ROUND_REVIEW: check},
    settings=SETTINGS,
)
