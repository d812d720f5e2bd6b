"""The edge judgement of one searched parameter in a review, and the verdict that reports it."""

from dataclasses import dataclass, replace
from math import isfinite

import numpy as np

from app.domain.space import NaturalLimits, Parameter, Role
from app.policy.edges import EdgeJudgement, Points, Side, judge_edge
from app.policy.facts import Configuration, Curve, ReviewFacts
from app.policy.rates import Tried, per_value, tried
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict

AT_LIMIT = 1e-9  # share of the range within which a bound is the natural limit
DEFAULT_LIMITS = {
    Role.REGULARIZATION: NaturalLimits(low=0.0),
    Role.OPTIMIZER: NaturalLimits(high=1.0),  # momentum and betas; widened only below it
}


@dataclass(frozen=True, slots=True)
class ParameterEdge:
    """What was tried of a parameter, how it was judged, and the best value's place."""

    name: str
    tried: Tried
    points: Points
    judgement: EdgeJudgement


def judge_parameter_edge(facts: ReviewFacts, name: str) -> ParameterEdge:
    """Policy 2.3 for one learning rate of a review, in its own branch.

    An optimum at a natural limit is no edge: the range cannot be widened there.
    """
    found = tried(facts, name)
    points = points_of(found, facts.noise.eval)
    return ParameterEdge(name, found, points, within_limits(found, judge_edge(points)))


def within_limits(found: Tried, judgement: EdgeJudgement) -> EdgeJudgement:
    """The judgement, but that a range which ends where theory ends has no edge there."""
    if judgement.side is None or not is_natural_limit(found.parameter, judgement.side):
        return judgement
    why = f"the {judgement.side} bound is the parameter's natural limit"
    return replace(judgement, side=None, strength=None, why=why)


def points_of(found: Tried, noise_eval: float) -> Points:
    """One entry a distinct value in one dimension, one a configuration in several."""
    learned = np.array([_has_learned(c) for c in found.configurations], dtype=float)
    u, outcome = found.u, found.outcome
    if found.n_dimensions <= 1:
        u, outcome = per_value(found)
        learned = _any_learned(found, u, learned)
    return Points(
        u, outcome, learned, found.is_grid, found.n_dimensions, found.n_distinct, noise_eval
    )


def is_natural_limit(parameter: Parameter, side: Side) -> bool:
    """Whether the bound on that side is where theory ends (given, or known from the role)."""
    limits = parameter.natural or DEFAULT_LIMITS.get(parameter.role) or NaturalLimits()
    low, high = parameter.bounds
    slack = AT_LIMIT * (high - low)
    if side == "low":
        return limits.low is not None and low <= limits.low + slack
    return limits.high is not None and high >= limits.high - slack


def edge_evidence(edge: ParameterEdge) -> dict[str, object]:
    """The contract's keys of SPC201 and SPC202, and what they were read from."""
    low, high = edge.tried.parameter.bounds
    has_best = bool(np.isfinite(edge.tried.outcome).any())
    return {
        "parameter": edge.name,
        "side": edge.judgement.side,
        "strength": edge.judgement.strength and edge.judgement.strength.value,
        "best": best_value(edge.tried) if has_best else None,
        "low": low,
        "high": high,
        "values_tried": edge.tried.n_distinct,
        "values_alive": int(np.isfinite(edge.points.outcome).sum()),
        "dimensions": edge.tried.n_dimensions,
        "why": edge.judgement.why,
    }


def best_value(found: Tried) -> float:
    """The parameter's value in the best configuration (of ties the one most inside)."""
    best = np.flatnonzero(found.outcome == found.outcome.min())
    return float(found.values[best[np.argmin(np.abs(found.u[best] - 0.5))]])


def edge_verdict(
    edge: ParameterEdge, message: str, action: str, threshold: float | None = None
) -> Verdict:
    """Clear, Finding or Inconclusive from a judgement; a suspect is advice only."""
    judged = Judged(
        evidence=edge_evidence(edge),
        statistic=edge.judgement.statistic,
        threshold=threshold,
        n_used=len(edge.tried.configurations),
        trial_ids=_best_ids(edge),
    )
    if edge.judgement.missing:
        return Inconclusive(edge.judgement.missing, f"{edge.name}: {edge.judgement.why}", judged)
    if edge.judgement.side is None:
        return Clear(judged, f"{edge.name}: {edge.judgement.why}")
    is_suspect = edge.judgement.strength == "suspect"
    return Finding(message, action, judged, is_advice_only=is_suspect)


def _best_ids(edge: ParameterEdge) -> tuple[str, ...]:
    if not np.isfinite(edge.tried.outcome).any():
        return ()
    best = edge.tried.configurations[int(np.argmin(edge.tried.outcome))]
    return tuple(trial.trial_id for trial in best.trials)


def _has_learned(configuration: Configuration) -> bool:
    """Whether any replicate ended better than it began; True for the dead, who are worse off."""
    trials = configuration.trials
    return not trials or any(_ends_better(trial.objective) for trial in trials)


def _ends_better(curve: Curve) -> bool:
    """Of measured values; True if there is one only. Usually all are, and the ends tell at once."""
    if not (isfinite(curve[0]) and isfinite(curve[-1])):
        curve = curve[np.isfinite(curve)]
    return curve.size < 2 or bool(curve[-1] < curve[0])


def _any_learned(found: Tried, u: Curve, learned: Curve) -> Curve:
    any_learned = np.zeros(u.size)
    np.maximum.at(any_learned, np.searchsorted(u, found.u), learned)
    return any_learned
