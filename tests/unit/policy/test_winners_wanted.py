"""The noise unit of promotion: from the study's own pairs once there are six, else its curves."""

import math

import pytest

from app.policy.prepare import prepare
from app.policy.winners_wanted import NoiseUnit, noise_unit
from tests.unit.policy import builders as b

GAINS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)  # median .35, absolute deviations .05 .05 .15 .15 .25 .25


def paired(gains: tuple[float, ...], factor: int = 4) -> NoiseUnit:
    """Two rounds of the same rates; the longer one gains so much over the shorter."""
    study = b.definition()
    over = b.rates(count=len(gains))
    short = [b.rate_trial(study, r, [2.0, 1.0 + g]) for r, g in zip(over, gains, strict=True)]
    steps = factor * b.HORIZON
    long = [b.rate_trial(study, r, [2.0, 1.0], max_train_steps=steps) for r in over]
    first = b.round_facts(study, short)
    second = b.round_facts(study, long, 2, max_train_steps=steps)
    return noise_unit(prepare(b.study_facts(study, first, second), 2))


def test_six_pairs_give_the_unit_for_one_doubling_and_say_so() -> None:
    found = paired(GAINS)
    expected = 1.4826 * 0.15 / 2  # two doublings
    assert found.value == pytest.approx(expected, rel=0.01)
    assert found.source == "6 pairs with 1000 steps"


def test_five_pairs_are_too_few() -> None:
    assert paired(GAINS[:5]).source == "the last doubling"


def test_a_pair_of_which_one_run_died_is_none() -> None:
    assert paired((*GAINS[:5], math.inf)).source == "the last doubling"
