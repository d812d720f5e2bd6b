"""The one door to the samplers: the points with which a round opens."""

from dataclasses import replace

from app.domain.studies import SamplerDefinition, SamplerKind
from app.sampling import grid, quasi_random, uniform
from app.sampling.request import Drawn, DrawRequest

STARTUP_POINTS = 10  # an adaptive sampler begins with quasi-random points, then learns


def draw(sampler: SamplerDefinition, request: DrawRequest) -> Drawn:
    """New points; of an adaptive sampler its startup, the rest is suggested as trials end."""
    if sampler.kind is SamplerKind.GRID:
        return grid.points(request, sampler.points or {})
    if sampler.kind is SamplerKind.RANDOM:
        return uniform.points(request)
    if sampler.is_adaptive:
        request = replace(request, count=min(request.count, STARTUP_POINTS))
    return quasi_random.points(request)
