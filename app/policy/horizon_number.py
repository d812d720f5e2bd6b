"""How long to train, as a number: what the best-so-far curve of one horizon says (policy 2.1)."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from app.domain.studies import Direction
from app.policy.facts import ReviewFacts
from app.policy.noise import bests_by_seed, evaluation_noise

LONGER_GAIN = 0.01  # of b: what half (or a quarter, doubled) of the horizon must still have gained
SHORTER_GAP = 0.005  # of b: a quarter of the horizon had all but this
SHORTER_BY = 0.25
HEADROOM = 1.5  # times the first good step
SHORTER_AT_MOST = 0.75
LONGER_BY = 2
LEADERS = 5
LEAST_ERROR = 0.01  # the unit of an error rate near zero
Kind = Literal["keep", "extend", "reduce"]


@dataclass(frozen=True, slots=True)
class HorizonNumber:
    """The horizon that the curves of one horizon ask for, in steps, and what it was read from."""

    recommended: int
    low: int
    high: int
    kind: Kind
    evidence: dict[str, float | None]


def recommended_number(facts: ReviewFacts) -> HorizonNumber:
    """Policy 2.1, "The number": longer, else shorter, else keep.

    Keeps the horizon where nothing was measured. O(points) once the facts are prepared.
    """
    horizon = facts.horizon
    gaps = {f"g{int(100 * f)}": relative_gap(facts, f) for f in (0.25, 0.5, 0.75)}
    sigma = relative_noise(facts)
    evidence: dict[str, float | None] = {**gaps, "sigma": sigma}
    g25, g50, g75 = gaps["g25"], gaps["g50"], gaps["g75"]
    if g25 is None or g50 is None or g75 is None:
        return HorizonNumber(horizon, horizon, horizon, "keep", evidence)
    first_good = first_within(facts, max(LONGER_GAIN, sigma))
    evidence["first_good_step"] = first_good
    if min(g50, 2 * g75) > max(LONGER_GAIN, sigma):
        return HorizonNumber(LONGER_BY * horizon, horizon, 4 * horizon, "extend", evidence)
    if g25 <= max(SHORTER_GAP, sigma):
        wanted = min(HEADROOM * first_good, SHORTER_AT_MOST * horizon)
        shorter = max(1, int(wanted))
        if shorter <= 0.8 * horizon:
            return HorizonNumber(shorter, first_good, horizon, "reduce", evidence)
    high = LONGER_BY * horizon if g50 > max(LONGER_GAIN, sigma) / 2 else horizon
    return HorizonNumber(horizon, min(first_good, horizon), high, "keep", evidence)


def relative_gap(facts: ReviewFacts, fraction: float) -> float | None:
    """g_f = (S(fT) - b) / unit; None under two evaluations or without a usable configuration.

    inf where nothing had been measured by then would say nothing: the first value stands in.
    """
    progress = facts.progress
    if not facts.competitive or progress.steps.size < 2:
        return None
    reached = min(progress.at(fraction * facts.horizon), float(progress.values[0]))
    return (reached - float(progress.values[-1])) / unit(facts)


def first_within(facts: ReviewFacts, share: float) -> int:
    """The first step at which S is within `share` units of its end."""
    limit = float(facts.progress.values[-1]) + share * unit(facts)
    return facts.progress.first_at_most(limit) or facts.horizon


def unit(facts: ReviewFacts) -> float:
    """|b|, of an accuracy its error; at least .01 for an error rate, and never 0."""
    best = float(facts.progress.values[-1])
    if is_accuracy(facts):
        return max(abs(1.0 + best), LEAST_ERROR)
    floor = LEAST_ERROR if is_error_rate(facts) else 0.0
    return max(abs(best), floor, float(np.finfo(np.float64).tiny))


def is_accuracy(facts: ReviewFacts) -> bool:
    """A maximised objective within 0..1: its distance from perfect is what matters."""
    is_maximised = facts.study.definition.objective.direction is Direction.MAXIMIZE
    return is_maximised and _lies_within(facts, -1.0, 0.0)


def is_error_rate(facts: ReviewFacts) -> bool:
    """A minimised share of mistakes, by name or by a training metric that is perfect at 0."""
    definition = facts.study.definition
    name = definition.objective.metric.lower()
    if definition.objective.direction is not Direction.MINIMIZE or "loss" in name:
        return False
    training = definition.training_metric
    is_perfect_zero = training is not None and training.perfect == 0.0
    return ("err" in name or is_perfect_zero) and _lies_within(facts, 0.0, 1.0)


def relative_noise(facts: ReviewFacts) -> float:
    """sigma: with replicates the best configuration's standard error, else sigma_eval of five."""
    best = facts.best
    if best is None or not facts.progress.values.size:
        return 0.0
    if not facts.noise.is_assumed:
        return facts.noise.seed / float(np.sqrt(len(bests_by_seed(best)))) / unit(facts)
    leaders = facts.configurations[:LEADERS]
    noises = [evaluation_noise(t.objective) for c in leaders for t in c.trials]
    return float(np.median(noises)) / unit(facts)


def _lies_within(facts: ReviewFacts, low: float, high: float) -> bool:
    values = facts.progress.values
    return bool(values.size) and bool((values >= low).all() and (values <= high).all())
