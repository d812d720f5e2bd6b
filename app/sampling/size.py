"""How many different points a space holds: a finite one ends a sampler early."""

import math
from itertools import product

from app.domain.space import Parameter, Parameters, ParameterType, Value, active_params, point_key

COUNTED_AT_MOST = 20_000  # beyond it a space counts as endless


def size_of(parameters: Parameters) -> int | None:
    """The number of different points, conditions included; None if continuous or huge."""
    counts = [_values_of(parameter) for parameter in parameters.values()]
    finite = [count for count in counts if count is not None]
    if len(finite) < len(counts) or math.prod(finite) > COUNTED_AT_MOST:
        return None
    axes = [_all_values(parameter) for parameter in parameters.values()]
    points = (dict(zip(parameters, values, strict=True)) for values in product(*axes))
    return len({point_key(active_params(parameters, point)) for point in points})


def _values_of(parameter: Parameter) -> int | None:
    if not parameter.is_numeric:
        return len(parameter.choices or ())
    low, high = parameter.bounds
    if parameter.step:
        return math.floor((high - low) / parameter.step + 1e-9) + 1
    is_whole = parameter.type is ParameterType.INT
    return math.floor(high) - math.ceil(low) + 1 if is_whole else None


def _all_values(parameter: Parameter) -> list[Value]:
    if not parameter.is_numeric:
        return list(parameter.choices or ())
    low, _ = parameter.bounds
    count = _values_of(parameter) or 0
    distance = parameter.step or 1
    start = low if parameter.step else math.ceil(low)
    return [parameter.snap(start + place * distance) for place in range(count)]
