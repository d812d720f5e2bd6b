"""Which regime the curves of a review look like: bound by compute, by its data, by regularisation.

Policy 2.8: read from the competitive set, and only where no decay of the rate interferes.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from app.policy.best_steps import LEAST_EVALUATIONS, evaluations_per_trial, smooth
from app.policy.competitive import WANTED
from app.policy.decay_trap import constant_part, is_annealed
from app.policy.facts import Configuration, Curve, ReviewFacts, Steps, TrialFacts
from app.policy.hits import find_hits
from app.policy.horizon_number import LONGER_GAIN, SHORTER_GAP, relative_noise, unit
from app.policy.longer_rounds import gain_of_longer_rounds
from app.policy.noise import evaluation_noise

LAST_PART = 0.2  # of the steps: where training and validation must still fall
FLAT_PART = 0.3  # of the steps: a validation that gains nothing over it is flat
LATE_PART = 0.25  # of the steps: its gain, doubled, is what longer training promises (policy 2.1)
FALL = 2.0  # standard errors that a fall must exceed
MAJORITY = 0.5  # of the competitive set
EARLY_GAIN = (
    0.25  # of b: a half that gains more is the first descent, which ends nobody knows where
)


class Regime(StrEnum):
    """What limits training, as the curves show it."""

    COMPUTE_BOUND = "compute_bound"
    NOT_COMPUTE_BOUND = "not_compute_bound"
    REGULARIZATION = "bound_by_regularization"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the curves up to `end_steps` show; shares are of the competitive set.

    Gains: what the best so far gained over the last half, quarter and 30% of these steps, and
    `noise`, all in the unit of policy 2.1. `fitted`, `training_falls` None: not measured.
    `longer_gain`: what the same configurations gained in a longer round; None: there is none.
    """

    end_steps: int
    evaluations: int
    fitted: float | None = None
    training_falls: float | None = None
    validation_falls: float = 0.0
    half_gain: float = 0.0
    late_gain: float = 0.0
    flat_gain: float = 0.0
    noise: float = 0.0
    longer_gain: float | None = None

    @property
    def is_trapped(self) -> bool:
        """Whether the rate decays from the start, so that these curves say nothing."""
        return self.end_steps < 1

    @property
    def is_training_falling(self) -> bool:
        return self.training_falls is not None and self.training_falls > MAJORITY

    @property
    def is_fitted(self) -> bool:
        return self.fitted is not None and self.fitted > MAJORITY

    @property
    def is_flat(self) -> bool:
        return self.flat_gain <= max(SHORTER_GAP, self.noise)

    @property
    def is_validation_falling(self) -> bool:
        """Beyond noise, and enough of it that longer training would pay."""
        is_material = 2 * self.late_gain > max(LONGER_GAIN, self.noise)
        return self.validation_falls > MAJORITY and is_material


@dataclass(frozen=True, slots=True)
class Told:
    """The regime, or (None) what would tell it."""

    regime: Regime | None
    missing: str = ""


def read_regime(facts: ReviewFacts) -> Reading:
    """What the part without a decay shows; under a decay from the start, what longer rounds do."""
    end = constant_part(facts) if is_annealed(facts) else facts.horizon
    if not facts.configurations:
        return Reading(end, 0)
    longer = gain_of_longer_rounds(facts)
    longer_gain = longer.gain / unit(facts) if longer else None
    noise = relative_noise(facts)
    if end < 1:
        return Reading(end, 0, noise=noise, longer_gain=longer_gain)
    return Reading(
        end_steps=end,
        evaluations=evaluations_per_trial(facts, end),
        fitted=_fitted(facts),
        training_falls=_mean([_share(c, end, is_training=True) for c in facts.competitive]),
        validation_falls=_mean([_share(c, end) for c in facts.competitive]) or 0.0,
        half_gain=_gain(facts, end, 0.5),
        late_gain=_gain(facts, end, LATE_PART),
        flat_gain=_gain(facts, end, FLAT_PART),
        noise=noise,
        longer_gain=longer_gain,
    )


def tell_regime(reading: Reading, members: int, early_gain: float = EARLY_GAIN) -> Told:
    """What limits training, by `members` competitive configurations."""
    if members < WANTED:
        return Told(None, "trials")
    if reading.is_trapped:
        return _by_longer_rounds(reading, early_gain)
    if reading.evaluations < LEAST_EVALUATIONS:
        return Told(None, "evaluations")
    if reading.is_fitted:
        return Told(Regime.NOT_COMPUTE_BOUND)
    if reading.is_flat:
        is_overfitting = reading.is_training_falling
        return Told(Regime.REGULARIZATION if is_overfitting else Regime.NOT_COMPUTE_BOUND)
    return _while_it_falls(reading, early_gain)


def _while_it_falls(reading: Reading, early_gain: float) -> Told:
    """Compute binds where training falls, too, and the first descent is over."""
    if reading.half_gain > early_gain:
        return Told(None, "longer_horizon")
    if reading.is_validation_falling and reading.training_falls is None:
        return Told(None, "training_metric")
    is_falling = reading.is_validation_falling and reading.is_training_falling
    return Told(Regime.COMPUTE_BOUND) if is_falling else Told(None, "trend")


def _by_longer_rounds(reading: Reading, early_gain: float) -> Told:
    """Under a decay from the start only the same configurations, trained longer, can tell."""
    gain = reading.longer_gain
    if gain is None or gain > early_gain:
        return Told(None, "constant_part" if gain is None else "longer_horizon")
    is_paying = gain > max(LONGER_GAIN, reading.noise)
    return Told(Regime.COMPUTE_BOUND if is_paying else Regime.NOT_COMPUTE_BOUND)


def _gain(facts: ReviewFacts, end: int, part: float) -> float:
    progress = facts.progress
    if not progress.steps.size:
        return 0.0
    first = float(progress.values[0])
    before, after = min(progress.at((1 - part) * end), first), min(progress.at(end), first)
    return (before - after) / unit(facts)


def _fitted(facts: ReviewFacts) -> float | None:
    training = facts.study.definition.training_metric
    if training is None or training.perfect is None:
        return None
    own = tuple(trial for c in facts.competitive for trial in c.trials)
    hits = find_hits(replace(facts, trials=own)).steps
    fitted = [any(t.trial_id in hits for t in c.trials) for c in facts.competitive]
    return float(np.mean(fitted)) if fitted else None


def _mean(shares: list[float | None]) -> float | None:
    known = [share for share in shares if share is not None]
    return float(np.mean(known)) if known else None


def _share(configuration: Configuration, end: int, *, is_training: bool = False) -> float | None:
    """The share of replicates whose metric still falls; None: it was not measured."""
    curves = [(t, _training_of(t) if is_training else t.objective) for t in configuration.trials]
    return _mean([_falls(trial, curve, end) for trial, curve in curves if curve is not None])


def _training_of(trial: TrialFacts) -> Curve | None:
    return trial.training if trial.training is not None else trial.loss


def _falls(trial: TrialFacts, curve: Curve, end: int) -> float | None:
    """1 if the last tenth lies beyond noise below the tenth before the last fifth, else 0."""
    keep = np.isfinite(curve) & (trial.steps <= end)
    steps, values = trial.steps[keep], smooth(curve[keep])
    before = _between(steps, values, (1 - 1.5 * LAST_PART) * end, (1 - LAST_PART) * end)
    after = _between(steps, values, (1 - 0.5 * LAST_PART) * end, end)
    if not before.size or not after.size:
        return None
    error = evaluation_noise(values) * float(np.sqrt(1 / before.size + 1 / after.size))
    return float(before.mean() - after.mean() > FALL * error)


def _between(steps: Steps, values: Curve, low: float, high: float) -> Curve:
    return values[(steps > low) & (steps <= high)]
