"""Reports as a bad network makes them: batches of one curve cut, overlapping, doubled, out of
order, some of them wrong on purpose. All chance comes from one seed."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

import numpy as np

LONGEST = 400  # steps in a batch
METRICS = ("val_error", "train_error")


class Kind(StrEnum):
    """What a report is, and so what the service must say to it."""

    RIGHT = "right"  # 200
    CONFLICTING = "conflicting"  # 409: another value for a step that was acknowledged
    BEYOND = "beyond"  # 422: steps after the horizon


@dataclass(frozen=True)
class Report:
    kind: Kind
    steps: list[int]
    values: list[float]
    metric: str


def truth(metric: str, step: int) -> float:
    """The one value of a step: exact in JSON and in float64, different for every step."""
    return 1.0 / step + METRICS.index(metric)


@dataclass
class Storm:
    """Reports of one attempt. `acknowledged` grows as answers come; only what is in it can be
    contradicted for certain."""

    chance: random.Random
    horizon: int
    acknowledged: dict[str, set[int]] = field(
        default_factory=lambda: {metric: set() for metric in METRICS}
    )
    sent: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(Kind, 0))
    _past: list[Report] = field(default_factory=list)

    def reports(self, count: int) -> Iterator[Report]:
        """So many, one after another, as they leave; the receiver may see them in any order."""
        for _ in range(count):
            report = self._next()
            self.sent[report.kind] += 1
            yield report

    def rest(self) -> Iterator[Report]:
        """What was never acknowledged, so that the curve can become whole."""
        for metric in METRICS:
            missing = sorted(set(range(1, self.horizon + 1)) - self.acknowledged[metric])
            for start in range(0, len(missing), LONGEST):
                yield self._right(metric, missing[start : start + LONGEST])

    def _next(self) -> Report:
        drawn, metric = self.chance.random(), self.chance.choice(METRICS)
        if drawn < 0.08 and self.acknowledged[metric]:
            return self._conflicting(metric)
        if drawn < 0.14:
            return self._beyond(metric)
        if drawn < 0.5 and self._past:
            return self._again()
        report = self._right(metric, self._steps())
        self._past.append(report)
        return report

    def _steps(self) -> list[int]:
        """A stretch with or without holes, from anywhere."""
        first = self.chance.randint(1, self.horizon)
        last = min(self.horizon, first + self.chance.randint(0, LONGEST - 1))
        return list(range(first, last + 1, self.chance.choice((1, 1, 1, 2, 7))))

    def _right(self, metric: str, steps: list[int]) -> Report:
        return Report(Kind.RIGHT, steps, [truth(metric, step) for step in steps], metric)

    def _again(self) -> Report:
        """An older report, whole, or cut at one end."""
        old = self.chance.choice(self._past)
        cut = self.chance.randint(0, len(old.steps) - 1) if self.chance.random() < 0.5 else 0
        return self._right(old.metric, old.steps[cut:])

    def _conflicting(self, metric: str) -> Report:
        step = self.chance.choice(sorted(self.acknowledged[metric]))
        beside = [s for s in (step - 1, step, step + 1) if 1 <= s <= self.horizon]
        values = [truth(metric, s) + (0.5 if s == step else 0.0) for s in beside]
        return Report(Kind.CONFLICTING, beside, values, metric)

    def _beyond(self, metric: str) -> Report:
        steps = [self.horizon, self.horizon + self.chance.randint(1, 50)]
        return Report(Kind.BEYOND, steps, [truth(metric, step) for step in steps], metric)


def whole_curve(horizon: int, metric: str) -> tuple[list[int], list[float]]:
    """What must be stored in the end."""
    steps = np.arange(1, horizon + 1)
    return steps.tolist(), [truth(metric, int(step)) for step in steps]


def waves(reports: Iterable[Report], size: int) -> Iterator[list[Report]]:
    """So many reports at a time; each wave is drawn only when the one before has been answered."""
    coming = iter(reports)
    while wave := list(islice(coming, size)):
        yield wave
