"""The rate of the fastest trial lies on the boundary of the sweep.

What it does: asks, for each learning rate of an lr_sweep round, whether the rate that fitted the
training set first is the lowest or the highest one tried. Trials that never reached it are slower
than any, and are not guessed.

Why it matters: the fastest trial's steps become the first `max_train_steps` (P-16). If a rate
beyond the sweep fits faster, that number is far too large: the self-deception of a bad search
space (P-17).

What to do: widen the sweep on the side that is named.
"""

import numpy as np

from app.domain.rounds import Purpose
from app.domain.studies import Binding
from app.policy.edges import EdgeJudgement, Side, Strength
from app.policy.facts import Curve, ReviewFacts
from app.policy.hits import Hits, cannot_judge_fit, find_hits
from app.policy.parameter_edges import ParameterEdge, edge_verdict, points_of, within_limits
from app.policy.rates import Tried, searched_rates, tried
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Inconclusive, Verdict

LEAST_VALUES = 3


def check(facts: ReviewFacts) -> Verdict | tuple[Verdict, ...]:
    """One verdict for each searched learning rate."""
    names = searched_rates(facts.round.definition)
    if not names:
        return Inconclusive(("learning_rate",), "no learning rate is searched")
    purpose = facts.round.definition.purpose
    if purpose is not Purpose.LR_SWEEP:
        return Inconclusive(("purpose",), f"asked of lr_sweep rounds, not of {purpose}")
    refused = cannot_judge_fit(facts)
    if refused is not None:
        return refused
    hits = find_hits(facts)
    return tuple(_judge(facts, name, hits) for name in names)


def _judge(facts: ReviewFacts, name: str, hits: Hits) -> Verdict:
    found = tried(facts, name)
    judgement = within_limits(found, _side_of_fastest(found, _steps_to_fit(found, hits)))
    edge = ParameterEdge(name, found, points_of(found, facts.noise.eval), judgement)
    low, high = found.parameter.bounds
    message = f"{name}: the fastest fit is at the {judgement.side} end of {low:g} ... {high:g}"
    return edge_verdict(edge, message, f"Widen the sweep on the {judgement.side} side.")


def _steps_to_fit(found: Tried, hits: Hits) -> Curve:
    """The fastest replicate's hit of each configuration; inf where none was seen."""
    return np.array(
        [
            min((hits.steps.get(t.trial_id, np.inf) for t in c.trials), default=np.inf)
            for c in found.configurations
        ]
    )


def _side_of_fastest(found: Tried, steps: Curve) -> EdgeJudgement:
    if found.n_distinct < LEAST_VALUES:
        return EdgeJudgement(missing=("trials",), why=f"{found.n_distinct} rates tried, 3 wanted")
    fastest = float(steps.min())
    if not np.isfinite(fastest):
        return EdgeJudgement(missing=("hits",), why="no trial fits the training set")
    at = found.values[steps == fastest]
    if found.values[0] in at or found.values[-1] in at:
        side: Side = "low" if found.values[0] in at else "high"
        return EdgeJudgement(side, Strength.EDGE, "the fastest rate is the last one tried", fastest)
    return EdgeJudgement(None, None, f"the fastest rate, {at[0]:g}, lies inside", fastest)


RULE = Rule(
    code="INI404",
    name="fastest-rate-on-boundary",
    title="The fastest trial's rate lies on the boundary of the sweep",
    claims=("P-16", "P-17"),
    severity=Severity.ERROR,
    default_binding=Binding.ENFORCE,
    explanation=__doc__,
    checks={Stage.ROUND_REVIEW: check},
)
