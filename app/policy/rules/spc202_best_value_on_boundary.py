"""Another numeric parameter's best value lies on the boundary of its range.

What it does: takes, for each searched numeric parameter but the learning rate, the mean position
of the best quarter of the configurations (at least three) in the range, and asks by a permutation
test whether it is further from the middle of what was tried than luck would put it. The level is
5%, shared among the parameters judged. A range that ends at the parameter's natural limit has no
edge there.

Why it matters: a range that cuts off the optimum deceives just as one of the learning rate does
(P-17); without the test, irrelevant parameters would look decisive in a third of all studies.

What to do: widen the range on the side that is named.
"""

from app.policy.applicability import cannot_judge_space
from app.policy.edges import EdgeJudgement, Side, Strength
from app.policy.facts import ReviewFacts
from app.policy.order import least_p, mean_of_best, subset_p
from app.policy.parameter_edges import ParameterEdge, edge_verdict, points_of, within_limits
from app.policy.rates import Tried, searched_rates, tried
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Inconclusive, Verdict

LEVEL = 0.05  # over all parameters judged (P-17)
LEAST_BEST = 3


def check(facts: ReviewFacts) -> Verdict | tuple[Verdict, ...]:
    """One verdict for each searched numeric parameter that is not the learning rate."""
    definition = facts.round.definition
    rates = searched_rates(definition)
    names = [n for n, p in definition.parameters.items() if p.is_numeric and n not in rates]
    if not names:
        return Inconclusive(("parameters",), "no numeric parameter but the rate is searched")
    refused = cannot_judge_space(facts)
    if refused is not None:
        return refused
    level = facts.setting("SPC202.level", LEVEL) / len(names)
    return tuple(_judge(facts, name, level) for name in names)


def _judge(facts: ReviewFacts, name: str, level: float) -> Verdict:
    found = tried(facts, name)
    judgement = _permute(found, level)
    points = points_of(found, facts.noise.eval)
    edge = ParameterEdge(name, found, points, within_limits(found, judgement))
    message = (
        f"{name}: the best configurations lie at the {edge.judgement.side} end of what was tried "
        f"({edge.judgement.why}, level {level:.3g})"
    )
    action = f"Widen {name} on the {edge.judgement.side} side."
    return edge_verdict(edge, message, action, threshold=level)


def _permute(found: Tried, level: float) -> EdgeJudgement:
    """The permutation test of policy 2.3 on the mean position of the best quarter."""
    n = found.u.size
    quarter = max(LEAST_BEST, -(-n // 4))
    if n <= quarter or least_p(n, quarter) > level:
        return EdgeJudgement(missing=("trials",), why=f"{n} trials cannot reach p {level:.3g}")
    mean = mean_of_best(found.u, found.outcome, quarter)
    p = subset_p(found.u, quarter, mean)
    if p >= level:
        return EdgeJudgement(None, None, f"p = {p:.3g}", p)
    side: Side = "high" if mean > found.u.mean() else "low"
    return EdgeJudgement(side, Strength.EDGE, f"p = {p:.3g}", p)


RULE = Rule(
    code="SPC202",
    name="best-value-on-boundary",
    title="Another numeric parameter's best value lies on its boundary",
    claims=("P-17",),
    severity=Severity.WARN,
    explanation=__doc__,
    checks={Stage.ROUND_REVIEW: check},
    settings={"SPC202.level": LEVEL},
)
