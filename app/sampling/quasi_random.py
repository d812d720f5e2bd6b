"""Scrambled Sobol points by index: no history, so the ten-thousandth costs what the first did."""

import math

from app.sampling.request import Collector, Drawn, DrawRequest, values_at
from app.sampling.size import size_of

BATCH = 64


def points(request: DrawRequest) -> Drawn:
    """The next points of the study's sequence; those passed over consume their indices too."""
    from scipy.stats import qmc  # noqa: PLC0415 - start-up: scipy.stats takes over a second to load

    parameters = request.parameters
    size = size_of(parameters)
    end = size or math.inf
    if not parameters:
        return _single(request)
    engine = qmc.Sobol(len(parameters), scramble=True, rng=request.seed)
    if request.first_index:  # fast_forward(0) raises
        engine.fast_forward(request.first_index)
    collector = Collector.of(request)
    index = request.first_index
    while not collector.is_done and len(collector.keys) < end:
        for position in engine.random(BATCH).tolist():
            collector.take(values_at(parameters, position))
            index += 1
            if collector.is_done or len(collector.keys) >= end:
                break
    return Drawn(tuple(collector.points), index)


def _single(request: DrawRequest) -> Drawn:
    """A space without dimensions holds one point."""
    collector = Collector.of(request)
    if not collector.is_done:
        collector.take({})
    return Drawn(tuple(collector.points), request.first_index + 1)
