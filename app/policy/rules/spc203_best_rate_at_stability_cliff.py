"""The best learning rate sits at the stability cliff.

What it does: asks whether every rate above the last stable one diverged (or never learned) while
at most one stable rate lies above the best. Then the end of the range is a natural one.

Why it matters: a wider range cannot help (P-17): beyond it training explodes. What may help is
stability: warmup and gradient clipping let larger rates train, and are very likely to transfer to
longer training (P-27a).

What to do: nothing, if the value has stopped improving below the cliff; else lengthen the warmup
or clip gradients, and tune again. Do not widen the range.
"""

import numpy as np

from app.policy.applicability import cannot_judge_space
from app.policy.facts import ReviewFacts
from app.policy.parameter_edges import ParameterEdge, edge_evidence, judge_parameter_edge
from app.policy.rates import searched_rates
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict


def check(facts: ReviewFacts) -> Verdict | tuple[Verdict, ...]:
    """One verdict for each searched learning rate."""
    names = searched_rates(facts.round.definition)
    if not names:
        return Inconclusive(("learning_rate",), "no learning rate is searched")
    refused = cannot_judge_space(facts)
    if refused is not None:
        return refused
    return tuple(_judge(judge_parameter_edge(facts, name), facts.noise.eps) for name in names)


def _judge(edge: ParameterEdge, eps: float) -> Verdict:
    is_improving = is_still_improving(edge, eps)
    judged = Judged(
        {**edge_evidence(edge), "still_improving": is_improving},
        threshold=eps,
        n_used=len(edge.tried.configurations),
    )
    if edge.judgement.missing:
        return Inconclusive(edge.judgement.missing, f"{edge.name}: {edge.judgement.why}", judged)
    if not edge.judgement.is_cliff:
        return Clear(judged, f"{edge.name}: the best rate is not at the stability cliff")
    if is_improving:
        action = "Lengthen the warmup or clip gradients, then tune again; do not widen the range."
        how = "and the value still improves up to the last stable rate"
    else:
        action = "Nothing is needed: a healthy range ends under its cliff. Do not widen it."
        how = "and the value no longer improves below it"
    best = judged.evidence["best"]
    message = f"{edge.name}: everything above the best rate ({best:g}) diverges, {how}"
    return Finding(message, action, judged)


def is_still_improving(edge: ParameterEdge, eps: float) -> bool:
    """Whether the last stable value is the best, by more than noise over the one before."""
    stable = edge.points.outcome[np.isfinite(edge.points.outcome)]
    return bool(stable.size > 1 and stable[-1] <= stable.min() and stable[-2] - stable[-1] > eps)


RULE = Rule(
    code="SPC203",
    name="best-rate-at-stability-cliff",
    title="The best learning rate sits at the stability cliff",
    claims=("P-17", "P-27a"),
    severity=Severity.WARN,
    explanation=__doc__,
    checks={Stage.ROUND_REVIEW: check},
)
