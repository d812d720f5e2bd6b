"""The expected growth of the number of steps: the batch law, checked on real first fits."""

import numpy as np
import pytest

from app.policy.facts import NO_PROGRESS, Progress
from app.policy.gradient_variance import batch_factor, critical_batch
from app.policy.progress import restored, thinned
from app.policy.step_factor import compare_progress

FIRST_FIT = {8: 448, 32: 128, 128: 64}  # steps to a perfect fit of one small network, by batch size


def test_the_law_predicts_a_third_batch_size_within_a_sixth() -> None:
    critical = critical_batch(FIRST_FIT[32] / FIRST_FIT[128], 128, 32)
    assert critical is not None
    assert critical == pytest.approx(64.0)
    predicted = batch_factor(critical, 32, 8) * FIRST_FIT[32]
    assert predicted == pytest.approx(FIRST_FIT[8], rel=1 / 6)


def test_the_factor_lies_between_one_and_the_ratio_of_the_sizes() -> None:
    assert batch_factor(0.0, 128, 32) == 1.0
    assert batch_factor(1e12, 128, 32) == pytest.approx(4.0)


def test_a_factor_beyond_the_ratio_has_no_critical_batch() -> None:
    assert critical_batch(4.0, 128, 32) is None
    assert critical_batch(5.0, 128, 32) is None
    assert critical_batch(0.8, 128, 32) == 0.0


def falling_in(steps: int, points: int = 200) -> Progress:
    return Progress(np.arange(1, points + 1) * steps, np.linspace(1.0, 0.1, points))


def test_two_curves_are_compared_at_equal_values() -> None:
    slower = compare_progress(falling_in(10), falling_in(25))
    assert slower is not None
    assert slower.low == slower.high == 2.5


def test_a_curve_that_ends_better_is_not_asked_for_more_than_the_other_reached() -> None:
    better = Progress(np.array([10, 20, 500]), np.array([1.0, 0.1, 0.01]))
    measured = compare_progress(Progress(np.array([10, 20]), np.array([1.0, 0.1])), better)
    assert measured is not None
    assert (measured.low, measured.high) == (1.0, 1.0)


def test_curves_that_share_no_values_teach_nothing() -> None:
    above = Progress(np.array([10, 20]), np.array([1.0, 0.9]))
    below = Progress(np.array([10, 20]), np.array([0.2, 0.1]))
    assert compare_progress(above, below) is None
    assert compare_progress(above, NO_PROGRESS) is None


def test_what_a_review_keeps_of_its_progress_teaches_the_same() -> None:
    kept = restored(thinned(falling_in(25)))
    assert kept is not None
    assert kept.steps.size == 64
    measured = compare_progress(falling_in(10), kept)
    assert measured is not None
    assert 2.4 < measured.low <= measured.high < 2.7
    assert restored(None) is None
    assert thinned(NO_PROGRESS) == {"steps": [], "values": []}
