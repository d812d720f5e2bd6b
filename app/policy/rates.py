"""Which searched parameters are the learning rate, and what was tried of a parameter."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from app.domain.rounds import RoundDefinition
from app.domain.space import Parameter, Parameters, Params, Role, Scale, names_with_role
from app.domain.studies import SamplerDefinition, SamplerKind
from app.policy.facts import Configuration, Curve, ReviewFacts

EVEN = 0.1  # steps of a hand-written grid differ by less than this share of their mean


def searched_rates(definition: RoundDefinition) -> tuple[str, ...]:
    """Names of searched numeric learning rates: by role, or as the schedule's peak."""
    names = names_with_role(definition.parameters, Role.LEARNING_RATE)
    peak = definition.schedule.peak
    if isinstance(peak, str) and peak in definition.parameters and peak not in names:
        names = (*names, peak)
    return tuple(name for name in names if definition.parameters[name].is_numeric)


@dataclass(frozen=True, slots=True)
class Tried:
    """What was tried of one parameter in its branch, ascending: one entry a configuration.

    `values` (its own unit) and `u` (0..1 along its scale over box and tried values), shape (n,);
    `outcome` is the best value, inf where dead; `configurations` in the same order.
    """

    parameter: Parameter
    values: Curve
    u: Curve
    outcome: Curve
    configurations: tuple[Configuration, ...]
    is_grid: bool
    n_dimensions: int  # searched numeric dimensions of the branch that took two values or more

    @property
    def n_distinct(self) -> int:
        """How many different values were tried."""
        return int(np.unique(self.values).size)


def tried(facts: ReviewFacts, name: str) -> Tried:
    """Everything tried of a parameter; only configurations in whose branch it is active."""
    parameter = facts.round.definition.parameters[name]
    found = ((_number(c, name), c) for c in (*facts.configurations, *facts.dead))
    known = [(value, c.best_value, c.point_key, c) for value, c in found if value is not None]
    known.sort(key=itemgetter(0, 1, 2))
    active = [one for *_, one in known]
    values = np.array([value for value, *_ in known], dtype=float)
    return Tried(
        parameter=parameter,
        values=values,
        u=_positions(parameter, values),
        outcome=np.array([c.best_value for c in active], dtype=float),
        configurations=tuple(active),
        is_grid=_is_grid(facts.round.definition, parameter, values),
        n_dimensions=_count_dimensions(facts.round.definition, active),
    )


def per_value(tried_points: Tried) -> tuple[Curve, Curve]:
    """(u, outcome) of each distinct value, the best of its configurations; ascending."""
    u, inverse = np.unique(tried_points.u, return_inverse=True)
    outcome = np.full(u.size, np.inf)
    np.minimum.at(outcome, inverse, tried_points.outcome)
    return u, outcome


def _number(configuration: Configuration, name: str) -> float | None:
    """None where the parameter is not active, or no number."""
    value = configuration.params.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def _positions(parameter: Parameter, values: Curve) -> Curve:
    """u over the box, stretched to whatever was tried outside it."""
    if not values.size:
        return values
    scaled = [_scaled(parameter, value) for value in values]
    low, high = (_scaled(parameter, bound) for bound in parameter.bounds)
    low, high = min(low, scaled[0]), max(high, scaled[-1])
    return np.array([(value - low) / (high - low) for value in scaled])


def _scaled(parameter: Parameter, value: float) -> float:
    if parameter.scale is not Scale.LOG:
        return value
    return math.log(value) if value > 0 else math.log(parameter.bounds[0])


def _is_grid(definition: RoundDefinition, parameter: Parameter, values: Curve) -> bool:
    """By the sampler; points typed by hand are a grid if they are evenly spaced."""
    if definition.sampler.kind is SamplerKind.GRID:
        return True
    if definition.trials is not None:
        return False
    return is_evenly_spaced(parameter, values)


def is_evenly_spaced(parameter: Parameter, values: Iterable[float]) -> bool:
    """Whether the distinct values lie at equal distances on the parameter's own scale."""
    distinct = np.unique([_scaled(parameter, value) for value in values])
    gaps = np.diff(distinct)
    return bool(gaps.size) and float(np.ptp(gaps)) <= EVEN * float(gaps.mean())


def sampler_of(parameters: Parameters, points: Sequence[Params]) -> SamplerDefinition:
    """The sampler that points look like: a grid if all numbers are evenly spaced, else random."""
    even = []
    for name, parameter in parameters.items():
        values = {float(p[name]) for p in points if name in p} if parameter.is_numeric else set()
        if len(values) > 1:
            even.append(is_evenly_spaced(parameter, values))
    is_grid = bool(even) and all(even)
    return SamplerDefinition(SamplerKind.GRID if is_grid else SamplerKind.RANDOM)


def _count_dimensions(definition: RoundDefinition, active: list[Configuration]) -> int:
    return sum(p.is_numeric and _varies(n, active) for n, p in definition.parameters.items())


def _varies(name: str, active: list[Configuration]) -> bool:
    """Whether two values were tried; usually the first two differ and the rest is not read."""
    values = (c.params[name] for c in active if name in c.params)
    first = next(values, None)
    return any(value != first for value in values)
