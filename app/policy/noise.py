"""Noise within a run (of evaluations) and between seeds; and what counts as a tie."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from app.policy.configurations import best_of
from app.policy.facts import Configuration, Curve, Noise

NORMAL_MAD = 1.4826  # a normal's standard deviation over its median absolute deviation
ASSUMED_SHARE = 0.5  # of sigma_eval, without replicates; 1.5 makes everything tie (policy 0)
LEADERS = 5  # configurations whose evaluation noise speaks for the setting


def evaluation_noise(values: Curve) -> float:
    """sigma_eval of one curve, in the metric's unit: the spread of first differences, / sqrt 2.

    max(1.4826 MAD of the first differences over the last half / sqrt 2, half of the smallest
    non-zero difference between values); a quantised metric has a MAD of exactly 0. Policy 0.
    """
    finite = values[np.isfinite(values)]
    if finite.size < 2:
        return 0.0
    late = finite[finite.size // 2 :]
    differences = late[1:] - late[:-1]
    spread = median(np.abs(differences - median(differences))) if differences.size else 0.0
    ordered = np.sort(finite)
    gaps = ordered[1:] - ordered[:-1]
    gaps = gaps[gaps > 0]
    quantum = float(gaps.min()) / 2 if gaps.size else 0.0
    return float(max(NORMAL_MAD * spread / np.sqrt(2), quantum))


def median(values: Curve) -> float:
    """Of at least one value. Ten times as fast as numpy's for the length of a curve."""
    ordered, half = np.sort(values), values.size // 2
    if values.size % 2:
        return float(ordered[half])
    return float((ordered[half - 1] + ordered[half]) / 2)


def measure_noise(configurations: Sequence[Configuration], tolerance: float) -> Noise:
    """The setting's noise out of its usable configurations (best first) and objective.tolerance."""
    leaders = [evaluation_noise(t.objective) for c in configurations[:LEADERS] for t in c.trials]
    within = float(np.median(leaders)) if leaders else 0.0
    between = seed_noise(configurations)
    is_assumed = between is None
    seed = ASSUMED_SHARE * within if between is None else between
    return Noise(eval=within, seed=seed, is_assumed=is_assumed, eps=max(tolerance, seed))


def seed_noise(configurations: Sequence[Configuration]) -> float | None:
    """The spread between replicates, pooled over the better half of those that have any.

    The better half, because unstable configurations would make everything tie. None: no replicates.
    """
    replicated = [c for c in configurations if len({t.seed for t in c.trials}) > 1]
    if not replicated:
        return None
    better = [bests_by_seed(c) for c in replicated[: (len(replicated) + 1) // 2]]
    freedom = sum(len(bests) - 1 for bests in better)
    return float(np.sqrt(sum(np.var(bests) * len(bests) for bests in better) / freedom))


def bests_by_seed(configuration: Configuration) -> list[float]:
    """The best value under each seed: the same seed run twice tells nothing about seeds."""
    by_seed: dict[int, list[float]] = defaultdict(list)
    for trial in configuration.trials:
        by_seed[trial.seed].append(best_of(trial)[0])
    return [float(np.mean(values)) for values in by_seed.values()]
