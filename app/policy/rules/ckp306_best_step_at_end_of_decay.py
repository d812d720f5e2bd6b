"""The best steps lie at the end of a decay, which is no evidence by itself.

What it does: looks for best steps in the last quarter (as CKP302 counts them) of trials whose
learning rate has fallen below half its peak by the end.

Why it matters: annealing moves the best step to the end and both losses down, whatever the
horizon. Read as "train longer" (P-11) it would never stop; decay schedules interact strongly with
the training budget (P-4).

What to do: trust a check at twice the horizon, or the constant part of the schedule, not the best
steps.
"""

from app.policy.applicability import cannot_judge_steps
from app.policy.decay_trap import is_annealed
from app.policy.facts import ReviewFacts
from app.policy.late_best_steps import late_best_steps
from app.policy.rule import Rule, Severity, Stage
from app.policy.step_evidence import not_located
from app.policy.verdicts import Clear, Finding, Judged, Verdict

ACTION = "Do not read the best steps as a wish for more: check twice the horizon instead."


def check(facts: ReviewFacts) -> Verdict:
    """Judge late best steps under a decay."""
    refused = cannot_judge_steps(facts)
    if refused is not None:
        return refused
    late = late_best_steps(facts)
    n = len(late.found.members)
    has_decay = is_annealed(facts)
    evidence = {"share": late.share, "is_annealed": has_decay}
    judged = Judged(evidence, late.share, late.least / n if n else None, n_used=n)
    unlocated = not_located(late.found, judged)
    if unlocated is not None:
        return unlocated
    if not has_decay:
        return Clear(judged, "the rate stays above half its peak: best steps mean what they say")
    message = f"{late.count} of {n} best steps lie at the end of a decay"
    return Finding(message, ACTION, judged) if late.is_consistent else Clear(judged, message)


RULE = Rule(
    code="CKP306",
    name="best-step-at-end-of-decay",
    title="Best step at the end of a decay: no evidence by itself",
    claims=("P-4", "P-11"),
    severity=Severity.INFO,
    explanation=__doc__,
    checks={Stage.ROUND_REVIEW: check},
)
