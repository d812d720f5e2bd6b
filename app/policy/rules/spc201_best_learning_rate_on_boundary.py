"""The best learning rate lies on the boundary of the search space.

What it does: asks, for each searched learning rate, where the best configurations lie on the
rate's own scale. One dimension: is the best rate first or last of all tried (random points: close
to a bound), or are its neighbours best at an end? Several dimensions: does the whole order improve
towards an end? Diverged trials rank worst and are never dropped. A range that ends at the
stability cliff is no edge (SPC203 says so). `suspect` asks for a few points beyond that end; only
`edge` asks to widen the range.

Why it matters: bad search spaces lead to self-deception (P-17): if every rate of a study is too
small, one wrongly concludes that a very large number of steps is needed.

What to do: widen the range on the side that is named, and run the points outside the old range.
"""

from app.domain.studies import Binding
from app.policy.applicability import cannot_judge_space
from app.policy.facts import ReviewFacts
from app.policy.parameter_edges import ParameterEdge, edge_verdict, judge_parameter_edge
from app.policy.rates import searched_rates
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Inconclusive, Verdict


def check(facts: ReviewFacts) -> Verdict | tuple[Verdict, ...]:
    """One verdict for each searched learning rate."""
    names = searched_rates(facts.round.definition)
    if not names:
        return Inconclusive(("learning_rate",), "no learning rate is searched")
    refused = cannot_judge_space(facts)
    if refused is not None:
        return refused
    return tuple(_judge(judge_parameter_edge(facts, name)) for name in names)


def _judge(edge: ParameterEdge) -> Verdict:
    if not edge.tried.configurations:
        return Inconclusive(("trials",), f"no trial with {edge.name} has ended")
    if not any(c.trials for c in edge.tried.configurations):
        why = f"every trial diverged: no best {edge.name} to place (SPC204 says so)"
        return Inconclusive(("alive",), why)
    low, high = edge.tried.parameter.bounds
    side = edge.judgement.side
    message = (
        f"{edge.name}: {edge.judgement.why}, on the {side} side of {low:g} ... {high:g} "
        f"({edge.tried.n_distinct} values tried)"
    )
    if edge.judgement.strength == "suspect":
        return edge_verdict(edge, message, f"Try three values beyond the {side} end.")
    return edge_verdict(edge, message, f"Widen {edge.name} on the {side} side and tune again.")


RULE = Rule(
    code="SPC201",
    name="best-learning-rate-on-boundary",
    title="The best learning rate lies on the boundary of the search space",
    claims=("P-17",),
    severity=Severity.ERROR,
    default_binding=Binding.ENFORCE,
    explanation=__doc__,
    checks={Stage.ROUND_REVIEW: check},
)
