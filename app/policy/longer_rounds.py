"""What rounds at a longer horizon show about this one: the same configurations, trained longer."""

from dataclasses import dataclass

import numpy as np

from app.policy.configurations import best_of
from app.policy.divergence import is_complete
from app.policy.facts import ReviewFacts, TrialFacts


@dataclass(frozen=True, slots=True)
class LongerGain:
    """The mean gain (metric's unit, positive = better) of `pairs` configurations at a horizon."""

    max_train_steps: int
    gain: float
    pairs: int


def gain_of_longer_rounds(facts: ReviewFacts) -> LongerGain | None:
    """The largest mean gain over configurations of C at one longer horizon; None: no pairs."""
    ours = {c.point_key: c.best_value for c in facts.competitive}
    gains: dict[int, list[float]] = {}
    for trial in _trials_of_longer_rounds(facts):
        if trial.point_key in ours and is_complete(trial):
            gain = ours[trial.point_key] - best_of(trial)[0]
            gains.setdefault(trial.max_train_steps, []).append(gain)
    found = [LongerGain(steps, float(np.mean(each)), len(each)) for steps, each in gains.items()]
    return max(found, key=lambda longer: longer.gain, default=None)


def _trials_of_longer_rounds(facts: ReviewFacts) -> list[TrialFacts]:
    fixed = {name: value.value for name, value in facts.round.definition.fixed.items()}
    return [
        trial
        for other in facts.study.rounds
        if {name: value.value for name, value in other.definition.fixed.items()} == fixed
        and other.definition.tags == facts.round.definition.tags
        for trial in other.trials
        if trial.max_train_steps > facts.horizon
    ]
