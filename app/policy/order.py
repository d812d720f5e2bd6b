"""Order statistics: ranks with ties, Spearman's correlation, and a permutation test of a subset."""

from functools import lru_cache
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from app.policy.facts import Curve

EXACT_SUBSETS = 10_000
PERMUTATIONS = 2_000
SEED = 20_260  # any fixed number: the same facts give the same verdict


def ranks(values: Curve) -> Curve:
    """Ranks from 1, ties averaged; inf ranks worst. O(n log n)."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    middle: Curve = last - (counts - 1) / 2
    return middle[inverse]


def spearman(x: Curve, y: Curve) -> float:
    """Rank correlation in -1..1; 0 where one side has no order (under 3 values, or all equal)."""
    if x.size < 3:
        return 0.0
    a, b = ranks(x), ranks(y)
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum() / norm) if norm > 0 else 0.0


def least_p(n: int, k: int) -> float:
    """The smallest two-sided p that any choice of k among n can reach."""
    return min(1.0, 2 / comb(n, k))  # whole numbers divide at any size; floats overflow


def mean_of_best(u: Curve, outcome: Curve, k: int) -> float:
    """Q: the mean position of the k best; whoever ties at the cut enters as the tie's mean."""
    cut = np.partition(outcome, k - 1)[k - 1]
    better, tied = u[outcome < cut], u[outcome == cut]
    return float((better.sum() + (k - better.size) * tied.mean()) / k)


def subset_p(u: Curve, k: int, mean: float) -> float:
    """Two-sided p that k of the n positions `u` drawn at random have a mean as far off as `mean`.

    Exact up to 10,000 subsets, else 2,000 seeded permutations.
    """
    centre = float(u.mean())
    off = abs(mean - centre) - 1e-12
    if comb(u.size, k) <= EXACT_SUBSETS:
        subsets = np.array(list(combinations(range(u.size), k)))
        return float((np.abs(u[subsets].mean(axis=1) - centre) >= off).mean())
    hits = int((np.abs(u[_drawn_subsets(u.size, k)].mean(axis=1) - centre) >= off).sum())
    return (hits + 1) / (PERMUTATIONS + 1)


@lru_cache(maxsize=1)
def _drawn_subsets(n: int, k: int) -> NDArray[np.int32]:
    """2,000 random subsets of k among n, shared by a study's parameters."""
    draw = np.random.default_rng(SEED).choice
    chosen = (draw(n, k, replace=False, shuffle=False) for _ in range(PERMUTATIONS))
    return np.array([subset.astype(np.int32) for subset in chosen])
