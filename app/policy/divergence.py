"""Which trials diverged: non-finite reports, and losses that exploded against their siblings."""

from collections.abc import Sequence

import numpy as np

from app.domain.states import TrialState
from app.policy.facts import Curve, TrialFacts

WORSE_THAN_START = 0.05  # share of |first|; policy section 0
SIBLING_SPREADS = 10.0  # IQRs of the better half; all siblings' IQR hides itself once 1/4 exploded


def diverged_trials(trials: Sequence[TrialFacts]) -> tuple[TrialFacts, ...]:
    """Trials with a non-finite value, and complete ones that exploded against their siblings."""
    complete = [trial for trial in trials if is_complete(trial)]
    exploded = set(exploded_ids(complete))
    return tuple(t for t in trials if has_nonfinite(t) or t.trial_id in exploded)


def has_nonfinite(trial: TrialFacts) -> bool:
    """Whether any reported value was NaN or infinite, whatever the trial's state says."""
    return trial.has_nonfinite or trial.state is TrialState.DIVERGED


def is_complete(trial: TrialFacts) -> bool:
    """Ran to its horizon with finite values and measured the objective at least once."""
    if trial.state is not TrialState.COMPLETED or trial.censored or trial.has_nonfinite:
        return False
    return has_value(trial.objective)


def has_value(curve: Curve) -> bool:
    """Whether anything was measured; usually the last value tells at once."""
    return bool(curve.size) and bool(np.isfinite(curve[-1]) or np.isfinite(curve).any())


def exploded_ids(complete: Sequence[TrialFacts]) -> list[str]:
    """Ids of complete trials that end > 5% worse than they began and beyond m + 10 s.

    m and s: median and interquartile range of the better half of all last values of `loss`, else
    of the training metric. Without either metric there is nothing to judge by. O(trials).
    """
    ends = [(trial.trial_id, *_first_and_last(_divergence_curve(trial))) for trial in complete]
    measured = [(trial_id, first, last) for trial_id, first, last in ends if np.isfinite(last)]
    if not measured:
        return []
    limit = _sibling_limit(np.array([last for _, _, last in measured]))
    return [
        trial_id
        for trial_id, first, last in measured
        if last > limit and last - first > WORSE_THAN_START * abs(first)
    ]


def ends_worse(trial: TrialFacts) -> bool:
    """Whether its loss, else its training metric, ends > 5% worse than it began, whatever siblings
    do: where all of them exploded, none stands out."""
    first, last = _first_and_last(_divergence_curve(trial))
    return bool(last - first > WORSE_THAN_START * abs(first))


def _divergence_curve(trial: TrialFacts) -> Curve | None:
    return trial.loss if trial.loss is not None else trial.training


def _first_and_last(curve: Curve | None) -> tuple[float, float]:
    if curve is None:
        return np.nan, np.nan
    finite = curve[np.isfinite(curve)]
    return (float(finite[0]), float(finite[-1])) if finite.size else (np.nan, np.nan)


def _sibling_limit(last_values: Curve) -> float:
    better = np.sort(last_values)[: (last_values.size + 1) // 2]
    low, median, high = np.quantile(better, [0.25, 0.5, 0.75])
    return float(median + SIBLING_SPREADS * (high - low))
