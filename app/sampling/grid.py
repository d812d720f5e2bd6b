"""The full grid: evenly spaced on each parameter's own scale, every choice of a categorical one."""

from collections.abc import Iterator, Mapping
from itertools import product

from app.domain.errors import InvalidDefinition
from app.domain.space import Parameter, Parameters, Value, active_params
from app.sampling.request import Collector, Drawn, DrawRequest

MAX_POINTS = 10_000


def points(request: DrawRequest, counts: Mapping[str, int]) -> Drawn:
    """All points of the grid that are not known yet, at most `request.count`."""
    collector = Collector.of(request)
    for values in every_point(request.parameters, counts):
        if len(collector.points) >= request.count:
            break
        collector.take(values)
    return Drawn(tuple(collector.points), request.first_index)


def size(parameters: Parameters, counts: Mapping[str, int]) -> int:
    """How many different points the grid has. Raises InvalidDefinition beyond MAX_POINTS."""
    total = 1
    for name, parameter in parameters.items():
        total *= len(axis(name, parameter, counts))
    if total > MAX_POINTS:
        raise InvalidDefinition(
            f"this grid has {total} points, more than {MAX_POINTS}",
            hint="lower `sampler.points`, or use quasi_random with `trials`",
        )
    request = DrawRequest(parameters, 0, MAX_POINTS)
    return len(points(request, counts).points)


def every_point(parameters: Parameters, counts: Mapping[str, int]) -> Iterator[dict[str, Value]]:
    """The product of the axes, inactive parameters left out (so a point may come twice)."""
    axes = [axis(name, parameter, counts) for name, parameter in parameters.items()]
    for values in product(*axes):
        yield active_params(parameters, dict(zip(parameters, values, strict=True)))


def axis(name: str, parameter: Parameter, counts: Mapping[str, int]) -> list[Value]:
    """The grid's values of one parameter. Raises InvalidDefinition if its number is not given."""
    if not parameter.is_numeric:
        return list(parameter.choices or ())
    count = counts.get(name)
    if count is None:
        raise InvalidDefinition(
            f"the grid does not say how many values {name} takes",
            hint=f"sampler: {{kind: grid, points: {{{name}: 9}}}}",
        )
    if count < 1:
        raise InvalidDefinition(f"sampler.points.{name} must be at least 1, it is {count}")
    places = [0.5] if count == 1 else [place / (count - 1) for place in range(count)]
    return list(dict.fromkeys(parameter.value_at(place) for place in places))
