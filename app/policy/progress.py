"""S(t): the best that any complete configuration had reached by step t (policy 2.1)."""

from collections.abc import Sequence

import numpy as np

from app.policy.facts import NO_PROGRESS, Configuration, Curve, Progress, Steps, TrialFacts

KEPT_POINTS = 64


def measure_progress(configurations: Sequence[Configuration]) -> Progress:
    """Best so far over all configurations; replicates enter as their mean. O(n log n) points.

    Steps before every replicate of any configuration has been measured are left out.
    """
    parts = [best_so_far(configuration) for configuration in configurations]
    if not parts:
        return NO_PROGRESS
    steps = np.concatenate([part.steps for part in parts])
    values = np.concatenate([part.values for part in parts])
    known = np.isfinite(values)  # replicates on different steps: no mean until each was measured
    steps, values = steps[known], values[known]
    order = np.argsort(steps, kind="stable")
    return _last_of_each_step(steps[order], np.minimum.accumulate(values[order]))


def best_so_far(configuration: Configuration) -> Progress:
    """One configuration's best so far, the mean of its replicates, on the union of their steps."""
    curves = [_running_best(trial) for trial in configuration.trials]
    first = curves[0]
    if all(np.array_equal(curve.steps, first.steps) for curve in curves[1:]):
        return Progress(first.steps, np.mean([curve.values for curve in curves], axis=0))
    steps = np.unique(np.concatenate([curve.steps for curve in curves]))
    return Progress(steps, np.mean([_on(curve, steps) for curve in curves], axis=0))


def thinned(progress: Progress, most: int = KEPT_POINTS) -> dict[str, list[float]]:
    """Where the best so far fell, as JSON: at most that many points, the last among them."""
    falls = np.flatnonzero(np.diff(progress.values, prepend=np.inf) < 0)
    if falls.size > most:
        falls = falls[np.linspace(0, falls.size - 1, most).round().astype(int)]
    return {"steps": progress.steps[falls].tolist(), "values": progress.values[falls].tolist()}


def restored(stored: dict[str, list[float]] | None) -> Progress | None:
    """The progress out of its JSON."""
    if stored is None:
        return None
    steps, values = stored["steps"], stored["values"]
    return Progress(np.array(steps, dtype=np.int64), np.array(values, dtype=np.float64))


def _running_best(trial: TrialFacts) -> Progress:
    measured = np.isfinite(trial.objective)
    return Progress(trial.steps[measured], np.minimum.accumulate(trial.objective[measured]))


def _on(progress: Progress, steps: Steps) -> Curve:
    """The values at other steps; inf before the first measurement."""
    index = np.searchsorted(progress.steps, steps, side="right") - 1
    return np.where(index >= 0, progress.values[np.maximum(index, 0)], np.inf)


def _last_of_each_step(steps: Steps, values: Curve) -> Progress:
    is_last = np.append(steps[1:] != steps[:-1], True)
    return Progress(steps[is_last], values[is_last])
