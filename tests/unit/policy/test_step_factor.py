"""The expected growth of the number of steps: the batch law, checked on real first fits."""

import pytest

from app.policy.gradient_variance import batch_factor, critical_batch

FIRST_FIT = {8: 448, 32: 128, 128: 64}  # steps to a perfect fit of one small network, by batch size


def test_the_law_predicts_a_third_batch_size_within_a_sixth() -> None:
    critical = critical_batch(FIRST_FIT[32] / FIRST_FIT[128], 128, 32)
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
