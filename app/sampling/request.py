"""What a draw asks for and what it gives; every sampler speaks these two values."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.space import Parameters, Value, active_params, is_active, point_key

Values = dict[str, Value]
PATIENCE_DRAWS = 10_000  # draws in a row that may all be known points before a sampler gives up


@dataclass(frozen=True, slots=True)
class DrawRequest:
    """`count` new points of a space; `known` keys and points of `skip_boxes` are passed over."""

    parameters: Parameters
    seed: int
    count: int
    first_index: int = 0
    known: frozenset[str] = frozenset()
    skip_boxes: tuple[Parameters, ...] = ()


@dataclass(frozen=True, slots=True)
class Drawn:
    """Fewer points than asked for: the space is exhausted. The sequence goes on at `next_index`."""

    points: tuple[Values, ...]
    next_index: int


def values_at(parameters: Parameters, positions: Sequence[float]) -> Values:
    """The point at u in [0, 1) of each dimension, its active parameters only."""
    pairs = zip(parameters.items(), positions, strict=True)
    return active_params(parameters, {name: p.value_at(u) for (name, p), u in pairs})


def is_inside(box: Parameters, values: Values) -> bool:
    """Whether an earlier space could have drawn this point."""
    return all(
        name in values and box[name].contains(values[name])
        for name in box
        if is_active(name, box, values)
    ) and all(name in box for name in values)


@dataclass(slots=True)
class Collector:
    """Takes candidates until the request is met, passing over known points and skipped boxes."""

    request: DrawRequest
    points: list[Values]
    keys: set[str]
    passed: int = 0

    @classmethod
    def of(cls, request: DrawRequest) -> "Collector":
        return cls(request, [], set(request.known))

    @property
    def is_done(self) -> bool:
        return len(self.points) >= self.request.count or self.passed >= PATIENCE_DRAWS

    def take(self, values: Values) -> None:
        """Keep the point if it is new; `passed` counts those in a row that were not."""
        key = point_key(values)
        if key in self.keys or any(is_inside(box, values) for box in self.request.skip_boxes):
            self.passed += 1
            return
        self.keys.add(key)
        self.points.append(values)
        self.passed = 0
