"""Order statistics against their definitions."""

from itertools import permutations

import numpy as np
import pytest

from app.policy.order import least_p, mean_of_best, ranks, spearman, subset_p


def test_ranks_average_ties_and_put_infinity_last() -> None:
    assert ranks(np.array([2.0, 1.0, 2.0, np.inf])).tolist() == [2.5, 1.0, 2.5, 4.0]


def test_spearman_is_one_for_any_rising_order_and_zero_without_order() -> None:
    x = np.array([1.0, 2.0, 3.0, 9.0])
    assert spearman(x, np.exp(x)) == pytest.approx(1.0)
    assert spearman(x, -x) == pytest.approx(-1.0)
    assert spearman(x, np.ones(4)) == 0.0


@pytest.mark.parametrize(("n", "p"), [(8, 2 / 56), (10, 2 / 120)])
def test_least_p_of_three(n: int, p: float) -> None:
    assert least_p(n, 3) == pytest.approx(p)


def test_least_p_of_thousands_is_as_good_as_nothing() -> None:
    assert least_p(10_000, 2_500) == 0.0


def test_exact_p_of_the_extreme_subset_is_the_least() -> None:
    u = np.linspace(0, 1, 8)
    assert subset_p(u, 3, u[:3].mean()) == pytest.approx(least_p(8, 3))


def test_exact_p_counts_every_subset() -> None:
    u = np.array([0.0, 0.1, 0.5, 0.6, 1.0])
    chosen = u[[0, 1]]
    off = abs(chosen.mean() - u.mean())
    pairs = [(u[i] + u[j]) / 2 for i, j in permutations(range(5), 2) if i < j]
    expected = np.mean([abs(pair - u.mean()) >= off - 1e-12 for pair in pairs])
    assert subset_p(u, 2, chosen.mean()) == pytest.approx(expected)


def test_sampled_p_is_repeatable_and_near_the_normal_one() -> None:
    u = np.linspace(0, 1, 60)
    assert subset_p(u, 15, 0.4) == subset_p(u, 15, 0.4)
    assert subset_p(u, 15, 0.5) > 0.5
    assert subset_p(u, 15, u[:15].mean()) < 0.01


def test_mean_of_best_does_not_care_for_the_order_of_ties() -> None:
    u, outcome = np.linspace(0, 1, 9), np.ones(9)
    assert mean_of_best(u, outcome, 3) == pytest.approx(0.5)
    outcome[8] = 0.0
    assert mean_of_best(u, outcome, 2) == pytest.approx((1.0 + u[:8].mean()) / 2)
