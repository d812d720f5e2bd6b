"""What the best steps of a review say about its horizon: the playbook's plot (P-9), in numbers."""

from dataclasses import dataclass
from math import comb

import numpy as np

from app.policy.competitive import WANTED
from app.policy.facts import Configuration, Curve, ReviewFacts, Steps, TrialFacts
from app.policy.noise import evaluation_noise

LEAST_EVALUATIONS = 20  # under it a best step cannot be located (CKP303)


@dataclass(frozen=True, slots=True)
class BestStep:
    """Where one configuration's best checkpoint lies, as fractions of the horizon.

    `raw`: argmin; `robust`: the earliest step within noise of the smoothed minimum; `cell_start`:
    the evaluation before the raw one. Medians over replicates.
    """

    raw: float
    robust: float
    cell_start: float


@dataclass(frozen=True, slots=True)
class BestSteps:
    """The best steps of the competitive set C; `missing` says why they cannot be judged."""

    members: tuple[BestStep, ...]
    missing: tuple[str, ...] = ()

    @property
    def raw(self) -> list[float]:
        """Raw best-step fractions, best configuration first."""
        return [member.raw for member in self.members]

    @property
    def robust(self) -> list[float]:
        """Robust best-step fractions, best configuration first."""
        return [member.robust for member in self.members]


def best_steps(facts: ReviewFacts, before_step: int | None = None) -> BestSteps:
    """Best steps of C, over the whole horizon or only over the part up to `before_step`.

    A configuration whose metric never leaves its noise has no best step.
    """
    end = facts.horizon if before_step is None else before_step
    located = (locate(configuration, end) for configuration in facts.competitive)
    members = tuple(member for member in located if member is not None)
    return BestSteps(members, _missing(facts, members, end))


def locate(configuration: Configuration, end_step: int) -> BestStep | None:
    """The best step of a configuration among evaluations up to `end_step`; None: it has none."""
    found = [f for trial in configuration.trials if (f := _locate_in(trial, end_step)) is not None]
    if not found:
        return None
    raw, robust, cell_start = np.median(np.array(found), axis=0)
    return BestStep(float(raw), float(robust), float(cell_start))


def smooth(values: Curve) -> Curve:
    """Running median of three, the mean of two at the ends; shape (k,) in and out."""
    if values.size < 3:
        return values
    left, middle, right = values[:-2], values[1:-1], values[2:]
    smoothed = np.empty_like(values)
    smoothed[0], smoothed[-1] = (values[0] + values[1]) / 2, (values[-2] + values[-1]) / 2
    smoothed[1:-1] = np.maximum(  # the median of three: np.median takes ten times as long
        np.minimum(left, middle), np.minimum(np.maximum(left, middle), right)
    )
    return smoothed


def evaluations_per_trial(facts: ReviewFacts, before_step: int | None = None) -> int:
    """The median number of objective values a trial of C (else of all usable ones) has."""
    chosen = facts.competitive or facts.configurations
    counts = [_measured(t, before_step)[1].size for c in chosen for t in c.trials]
    return int(np.median(counts)) if counts else 0


def least_count(n: int, zone_share: float, chance_level: float, min_share: float) -> int:
    """How many of n best steps must lie in a zone that chance alone hits with `zone_share`.

    Smallest count at least `min_share` of n whose binomial tail is within `chance_level`:
    4 of 5, 5 of 8, 6 of 10 for 0.25, 0.03, 0.6 (policy 2.1).
    """
    tail, count = 0.0, n + 1
    while count > 0:
        tail += comb(n, count - 1) * zone_share ** (count - 1) * (1 - zone_share) ** (n - count + 1)
        if tail > chance_level:
            break
        count -= 1
    return max(count, int(np.ceil(min_share * n - 1e-9)))


def _missing(facts: ReviewFacts, members: tuple[BestStep, ...], end: int) -> tuple[str, ...]:
    if len(facts.competitive) < WANTED:
        return ("trials",)
    if evaluations_per_trial(facts, end) < LEAST_EVALUATIONS:
        return ("evaluations",)
    return ("signal",) if len(members) < WANTED else ()


def _locate_in(trial: TrialFacts, end_step: int) -> tuple[float, float, float] | None:
    steps, values = _measured(trial, end_step)
    if values.size == 0:
        return None
    noise = evaluation_noise(values)
    if float(values.max() - values.min()) <= noise:
        return None
    best = int(np.argmin(values))
    smoothed = smooth(values)
    robust = int(np.flatnonzero(smoothed <= smoothed.min() + noise)[0])
    before = int(steps[best - 1]) if best else 0
    return int(steps[best]) / end_step, int(steps[robust]) / end_step, before / end_step


def _measured(trial: TrialFacts, before_step: int | None) -> tuple[Steps, Curve]:
    is_measured = np.isfinite(trial.objective)
    if before_step is not None:
        is_measured &= trial.steps <= before_step
    return trial.steps[is_measured], trial.objective[is_measured]
