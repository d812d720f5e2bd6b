"""Regularisation is searched although nothing fits the training set.

What it does: in a round that searches a parameter with the role regularization, looks for trials
whose training metric lies within its tolerance of perfect at two consecutive evaluations. None is a
finding.

Why it matters: while the training set cannot be fitted perfectly, regularisation is unlikely to
help much (P-27c): it holds back what has not gone far enough yet, and costs a searched dimension.

What to do: fix regularisation at `off`, and find a rate, a size or a horizon that fits the training
set first; search regularisation once something does.
"""

import numpy as np

from app.domain.space import Role, names_with_role
from app.policy.applicability import cannot_judge_space
from app.policy.facts import ReviewFacts
from app.policy.hits import find_hits
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict

LEAST_FITTING = 1
ACTION = "Fix regularisation at `off` until something fits the training set."


def check(facts: ReviewFacts) -> Verdict:
    """Judge whether there is anything for regularisation to hold back."""
    refused = cannot_judge_space(facts)
    if refused is not None:
        return refused
    names = names_with_role(facts.round.definition.parameters, Role.REGULARIZATION)
    if not names:
        return Inconclusive(("regularization",), "no searched parameter regularises")
    distance = _least_distance(facts)
    if distance is None:
        return Inconclusive(("perfect",), "nobody can tell a perfect fit of the training set here")
    hits, n = find_hits(facts), len(facts.trials)
    evidence = {"parameters": list(names), "fitting": len(hits.steps), "least_distance": distance}
    judged = Judged(evidence, float(len(hits.steps)), float(LEAST_FITTING), n_used=n)
    if hits.steps:
        return Clear(judged, f"{len(hits.steps)} of {n} trials fit the training set")
    if hits.unclear:
        why = f"{len(hits.unclear)} trials fit at their last evaluation only: one more would tell"
        return Inconclusive(("evaluations",), why, judged)
    told = f"{', '.join(names)} searched, yet none of {n} trials fits the training set"
    return Finding(f"{told}: the nearest is {distance:.3g} from perfect", ACTION, judged)


def _least_distance(facts: ReviewFacts) -> float | None:
    """How near the training metric came to perfect; None: not measured, or no perfect is known."""
    training = facts.study.definition.training_metric
    if training is None or training.perfect is None:
        return None
    perfect = training.direction.sign * training.perfect
    curves = [t.training[np.isfinite(t.training)] for t in facts.trials if t.training is not None]
    return min((float(np.abs(c - perfect).min()) for c in curves if c.size), default=None)


RULE = Rule(
    code="SPC209",
    name="regularization-before-fit",
    title="Regularisation searched although nothing fits the training set",
    claims=("P-27c",),
    severity=Severity.INFO,
    explanation=__doc__,
    checks={Stage.ROUND_REVIEW: check},
)
