"""Independent uniform points (`random`), each a function of seed and index: no history."""

import math

import numpy as np

from app.sampling.request import Collector, Drawn, DrawRequest, values_at
from app.sampling.size import size_of


def points(request: DrawRequest) -> Drawn:
    """The next points of the study's stream; those passed over consume their indices too."""
    size = size_of(request.parameters)
    end = size or math.inf
    collector = Collector.of(request)
    index = request.first_index
    while not collector.is_done and len(collector.keys) < end:
        generator = np.random.default_rng([request.seed, index])
        position = generator.random(len(request.parameters)).tolist()
        collector.take(values_at(request.parameters, position))
        index += 1
    return Drawn(tuple(collector.points), index)
