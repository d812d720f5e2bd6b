"""What a step costs: seconds per step of configurations, and their ranks at equal time (P-2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np

from app.policy.facts import Configuration, ReviewFacts
from app.policy.progress import best_so_far

SAME_SPEED = 0.1  # relative: below it two speeds are one


@dataclass(frozen=True, slots=True)
class Paced:
    """A configuration whose speed was measured: the median over its replicates."""

    configuration: Configuration
    seconds_per_step: float


def paced(configurations: Sequence[Configuration]) -> tuple[Paced, ...]:
    """Those whose speed was measured, in the order given."""
    found = ((one, seconds_per_step(one)) for one in configurations)
    return tuple(Paced(one, speed) for one, speed in found if speed is not None)


def seconds_per_step(configuration: Configuration) -> float | None:
    """The median over replicates; None: no attempt ran long enough to tell."""
    known = [t.seconds_per_step for t in configuration.trials if t.seconds_per_step is not None]
    return float(np.median(known)) if known else None


def tied_with_best(facts: ReviewFacts) -> tuple[Configuration, ...]:
    """The configurations within eps of the best, best first."""
    if facts.best is None:
        return ()
    limit = facts.best.best_value + facts.noise.eps
    return tuple(one for one in facts.configurations if one.best_value <= limit)


def speed_classes(facts: ReviewFacts, same_speed: float = SAME_SPEED) -> dict[str, int]:
    """By point: 0 for the fastest of those that tie with the best, more for each step slower.

    Empty where speed decides nothing: not compute-bound, not all measured, or all alike (P-2).
    """
    tied = tied_with_best(facts)
    found = paced(tied)
    if not facts.is_compute_bound or len(found) < len(tied) or not found:
        return {}
    fastest = min(one.seconds_per_step for one in found)
    slower = {
        one.configuration.point_key: log(one.seconds_per_step / fastest) / log(1 + same_speed)
        for one in found
    }
    return {key: int(steps) for key, steps in slower.items()} if max(slower.values()) > 1 else {}


def values_at_equal_time(found: Sequence[Paced], horizon_steps: int) -> list[float]:
    """The best value of each by the moment at which the fastest has done all of its steps."""
    seconds = horizon_steps * min(one.seconds_per_step for one in found)
    return [best_so_far(one.configuration).at(seconds / one.seconds_per_step) for one in found]


def ranks(values: Sequence[float]) -> list[int]:
    """1 = lowest; equal values share the better rank."""
    return [1 + sum(other < value for other in values) for value in values]
