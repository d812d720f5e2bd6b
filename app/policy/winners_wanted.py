"""How many configurations are worth promoting, and how often they hold the eventual best (P-24)."""

import math

import numpy as np

from app.policy.facts import ReviewFacts
from app.policy.progress import best_so_far

NORMAL_MAD = 1.4826
LEADERS = 8  # whose last doubling gives the noise unit
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


def winners_wanted(facts: ReviewFacts, growth: float) -> int:
    """Places are taken while the next alone holds the eventual best with a chance above its share.

    At least 2 of n configurations, at most min(6, 30%); `growth` = T2 / T1. Policy 2.5.
    """
    n = len(facts.configurations) + len(facts.dead)
    most = max(LEAST_WINNERS, min(MOST_WINNERS, math.ceil(MOST_FRACTION * n)))
    unit, best = noise_unit(facts), facts.configurations[0].best_value
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
    odds = NEXT_PLACE_ODDS * doublings / (taken**TAKEN_POWER * (units + GAP_OFFSET) ** GAP_POWER)
    return odds / (1 + odds)


def noise_unit(facts: ReviewFacts) -> float:
    """How unequally the leaders gained in the last doubling, in the metric's unit."""
    half = facts.round.definition.max_train_steps / 2
    gains = [best_so_far(c).at(half) - c.best_value for c in facts.configurations[:LEADERS]]
    gains = [g for g in gains if math.isfinite(g)]
    if not gains:
        return 0.0
    return NORMAL_MAD * float(np.median(np.abs(np.array(gains) - np.median(gains))))


def probability_inside(count: int, fraction: float) -> float:
    """How often the best `count` at this fraction of the horizon hold the eventual best."""
    shares = sorted(INSIDE_TABLE)
    at_count = [float(np.interp(count, INSIDE_COUNTS, INSIDE_TABLE[s])) for s in shares]
    return float(np.interp(math.log(max(fraction, 1e-9)), np.log(shares), at_count))
