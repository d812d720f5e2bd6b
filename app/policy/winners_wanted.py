"""How many configurations are worth promoting, and how often they hold the eventual best (P-24)."""

import math
from dataclasses import dataclass

import numpy as np

from app.policy.facts import Curve, ReviewFacts
from app.policy.noise import NORMAL_MAD, median
from app.policy.progress import best_so_far
from app.policy.rank_pairs import RankPairs, find_pairs

LEADERS = 8  # whose gains give the noise unit
LEAST_PAIRS = 6  # with a shorter horizon, before they speak for themselves
LEAST_WINNERS = 2
MOST_WINNERS = 6
MOST_FRACTION = 0.3  # of all configurations
# Odds that place k + 1 alone holds the eventual best, fitted on real curves and held out by
# problem and by source (decision 0006): 0.1 doublings / (k^2 (z + 0.1)^0.3), z = gap in noise units
NEXT_PLACE_ODDS = 0.1
TAKEN_POWER = 2.0
GAP_POWER = 0.3
GAP_OFFSET = 0.1
# P(best inside), measured on real curves: share of the final horizon -> for 1, 3, 5 of 20 promoted.
INSIDE_COUNTS = (1, 3, 5)
INSIDE_TABLE = {0.1: (0.72, 0.86, 0.89), 0.2: (0.80, 0.92, 0.94), 0.5: (0.89, 0.97, 0.98)}


@dataclass(frozen=True, slots=True)
class NoiseUnit:
    """In the metric's unit, for one doubling; `source` says what it was read from."""

    value: float
    source: str


def winners_wanted(facts: ReviewFacts, growth: float) -> int:
    """Places are taken while the next alone holds the eventual best with a chance above its share.

    At least 2 of n configurations, at most min(6, 30%); `growth` = T2 / T1. Policy 2.5. None of
    those that diverged is.
    """
    if facts.best is None:
        return 0
    n = len(facts.configurations) + len(facts.dead)
    most = max(LEAST_WINNERS, min(MOST_WINNERS, math.ceil(MOST_FRACTION * n)))
    unit, best = noise_unit(facts).value, facts.best.best_value
    taken = 1
    for candidate in facts.configurations[1:most]:
        if next_place_chance(taken, candidate.best_value - best, unit, growth) <= 1 / n:
            break
        taken += 1
    return min(max(LEAST_WINNERS, taken), len(facts.configurations))


def next_place_chance(taken: int, gap: float, unit: float, growth: float) -> float:
    """P(the next place holds the eventual best and none of the `taken` >= 1 places does)."""
    units = gap / unit if unit > 0 else math.inf if gap > 0 else 0.0
    doublings = max(1.0, math.log2(max(growth, 1.0)))
    odds: float = (
        NEXT_PLACE_ODDS * doublings / (taken**TAKEN_POWER * (units + GAP_OFFSET) ** GAP_POWER)
    )
    return odds / (1 + odds)


def noise_unit(facts: ReviewFacts) -> NoiseUnit:
    """How unequally the leaders gain in a doubling: by the study's own pairs with a shorter
    horizon, from six on; else by what each one's last doubling brought."""
    pairs = find_pairs(facts)
    if pairs is not None:
        gains = _gains_of_leaders(pairs)
        if gains.size >= LEAST_PAIRS:
            doublings = max(1.0, math.log2(facts.horizon / pairs.shorter_steps))
            source = f"{gains.size} pairs with {pairs.shorter_steps} steps"
            return NoiseUnit(_spread(gains) / doublings, source)
    half = facts.horizon / 2
    leaders = facts.configurations[:LEADERS]
    gains = np.array([best_so_far(c).at(half) - c.best_value for c in leaders])
    return NoiseUnit(_spread(gains[np.isfinite(gains)]), "the last doubling")


def _gains_of_leaders(pairs: RankPairs) -> Curve:
    """What the best of the longer runs gained; who died at either length says nothing."""
    alive = np.isfinite(pairs.short) & np.isfinite(pairs.long)
    short, long = pairs.short[alive], pairs.long[alive]
    leading = np.argsort(long, kind="stable")[:LEADERS]
    return short[leading] - long[leading]


def _spread(gains: Curve) -> float:
    return NORMAL_MAD * median(np.abs(gains - median(gains))) if gains.size else 0.0


def probability_inside(count: int, fraction: float) -> float:
    """How often the best `count` at this fraction of the horizon hold the eventual best."""
    shares = sorted(INSIDE_TABLE)
    at_count = [float(np.interp(count, INSIDE_COUNTS, INSIDE_TABLE[s])) for s in shares]
    return float(np.interp(math.log(max(fraction, 1e-9)), np.log(shares), at_count))
