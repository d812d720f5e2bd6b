"""Widening the search space where the best rate lies at its end (P-17, policy 2.3)."""

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any  # Any: fields of a parameter

from app.domain.recommendations import JudgedVerdict
from app.domain.rounds import Action, Point, Purpose, RoundDefinition
from app.domain.space import Parameter, Parameters, Role, Scale, Value
from app.planning.case import Case
from app.planning.history import tune_rounds_of_setting
from app.planning.moves import quasi_random
from app.planning.rates import keep_natural, rounded
from app.policy.facts import RoundFacts, StudyFacts

RATE_EDGES = ("SPC201", "INI404")
LEAST_POINTS = 4
MOST_WIDENINGS = 3  # a study; then a person is asked
LOG_DECADES = 1.0  # at least that far out on a log scale
WIDTH_SHARE = 0.5  # of the width, on either scale
SUSPECT_POINTS = 3
SUSPECT_DECADES = 1 / 3  # between the points beyond a suspected end


@dataclass(frozen=True, slots=True)
class Edge:
    """One end of one range at which the best value lies."""

    parameter: str
    side: str  # low | high
    is_suspect: bool = False


def find_edges(case: Case, *codes: str) -> tuple[Edge, ...]:
    """The edges that the subject's standing findings of these codes name."""
    found = (as_edge(v) for v in case.findings(*(codes or RATE_EDGES)))
    searched = case.subject.definition.parameters
    return tuple(e for e in found if e is not None and e.parameter in searched)


def as_edge(verdict: JudgedVerdict) -> Edge | None:
    name, side = verdict.evidence.get("parameter"), verdict.evidence.get("side")
    if name is None or side not in ("low", "high"):
        return None
    return Edge(str(name), str(side), verdict.evidence.get("strength") == "suspect")


def new_bounds(parameter: Parameter, name: str, side: str) -> Parameter:
    """Wider at one end: log by max(1 decade, half its width), linear by half of it."""
    low, high = parameter.bounds
    if parameter.scale is Scale.LOG:
        factor = max(10.0**LOG_DECADES, (high / low) ** WIDTH_SHARE)
        wider = (low / factor, high) if side == "low" else (low, high * factor)
    else:
        out = WIDTH_SHARE * (high - low)
        wider = (low - out, high) if side == "low" else (low, high + out)
    return with_bounds(parameter, name, wider, side)


def with_bounds(
    parameter: Parameter, name: str, bounds: tuple[float, float], side: str
) -> Parameter:
    """One end moved as far as theory allows; unchanged where it allows nothing."""
    low, high = parameter.bounds
    new_low, new_high = keep_natural(parameter, name, *bounds)
    if side == "low" and new_low < low:
        return replace(parameter, low=rounded(new_low), **_near_zero(parameter, new_low))
    if side == "high" and new_high > high:
        return replace(parameter, high=rounded(new_high))
    return parameter


def _near_zero(parameter: Parameter, low: float) -> dict[str, Any]:
    """Rates ever nearer to 0 are sought on a log scale: on a linear one none would be sampled."""
    is_rate = parameter.role is Role.LEARNING_RATE and low > 0
    return {"scale": Scale.LOG, "step": None} if is_rate else {}


def added_width(old: Parameter, new: Parameter) -> float:
    """How much wider, as a share of the old width on the parameter's own scale."""
    low, high = new.bounds
    return max(0.0, old.position(high) - old.position(low) - 1.0)


def widening_round(case: Case, edges: tuple[Edge, ...]) -> RoundDefinition | None:
    """The wider box with points in proportion to what was added; None: nothing to add."""
    own = case.subject.definition
    parameters = dict(own.parameters)
    for edge in edges:
        old = parameters[edge.parameter]
        parameters[edge.parameter] = new_bounds(old, edge.parameter, edge.side)
    added = sum(added_width(own.parameters[n], parameters[n]) for n in {e.parameter for e in edges})
    if added <= 0:
        return None
    known = len(case.facts.configurations) + len(case.facts.dead)
    points = max(LEAST_POINTS, min(math.ceil(known * added), known))
    return again(case, parameters, trials=points)


def suspect_round(case: Case, edge: Edge) -> RoundDefinition | None:
    """Three points beyond a suspected end, and the box out to the last of them."""
    old = case.subject.definition.parameters[edge.parameter]
    best = next((c for c in case.facts.configurations if edge.parameter in c.params), None)
    values = suspect_values(old, edge)
    if best is None or not values:
        return None
    wider = with_bounds(old, edge.parameter, (min(values), max(values)), edge.side)
    parameters = {**case.subject.definition.parameters, edge.parameter: wider}
    params: list[dict[str, Value]] = [{**best.params, edge.parameter: v} for v in values]
    return again(case, parameters, points=tuple(Point(p) for p in params))


def suspect_values(parameter: Parameter, edge: Edge) -> list[float]:
    low, high = parameter.bounds
    end, sign = (low, -1) if edge.side == "low" else (high, 1)
    steps = (10.0 ** (sign * SUSPECT_DECADES * (i + 1)) for i in range(SUSPECT_POINTS))
    values = [rounded(end * factor) for factor in steps] if end > 0 else []
    least, most = keep_natural(parameter, edge.parameter, min([low, *values]), max([high, *values]))
    return [v for v in values if least <= v <= most]


def again(
    case: Case,
    parameters: Parameters,
    trials: int | None = None,
    points: tuple[Point, ...] = (),
) -> RoundDefinition:
    """One more round in the subject's setting."""
    own = case.subject.definition
    sampler = quasi_random(own.sampler)
    return replace(own, parameters=parameters, trials=trials, points=points, sampler=sampler)


def widenings(study: StudyFacts) -> int:
    """How often an edge has widened the box; points beyond a suspected end do not count."""
    return sum(1 for r in study.rounds if is_widening(r) and not is_suspect_round(r))


def is_widening(reviewed: RoundFacts) -> bool:
    return reviewed.action is Action.WIDEN_SEARCH_SPACE


def is_suspect_round(reviewed: RoundFacts) -> bool:
    is_tune = reviewed.definition.purpose is Purpose.TUNE  # a widened sweep has points, too
    return is_tune and is_widening(reviewed) and bool(reviewed.definition.points)


def was_suspected(case: Case, edge: Edge) -> bool:
    """Whether three points beyond this end were asked for once already in this setting."""
    rounds = tune_rounds_of_setting(case)
    for before, after in pairwise(rounds):
        if is_suspect_round(after) and _moved(before, after, edge):
            return True
    return False


def _moved(before: RoundFacts, after: RoundFacts, edge: Edge) -> bool:
    old = before.definition.parameters.get(edge.parameter)
    new = after.definition.parameters.get(edge.parameter)
    if old is None or new is None:
        return False
    i = 0 if edge.side == "low" else 1
    return old.bounds[i] != new.bounds[i]
