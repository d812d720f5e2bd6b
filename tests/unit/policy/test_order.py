"""Order statistics against their definitions."""

from itertools import permutations

import numpy as np
import pytest

from app.policy.order import least_p, ranks, spearman, subset_p


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


def test_exact_p_of_the_extreme_subset_is_the_least() -> None:
    u = np.linspace(0, 1, 8)
    assert subset_p(u, u[:3]) == pytest.approx(least_p(8, 3))


def test_exact_p_counts_every_subset() -> None:
    u = np.array([0.0, 0.1, 0.5, 0.6, 1.0])
    chosen = u[[0, 1]]
    off = abs(chosen.mean() - u.mean())
    pairs = [(u[i] + u[j]) / 2 for i, j in permutations(range(5), 2) if i < j]
    expected = np.mean([abs(pair - u.mean()) >= off - 1e-12 for pair in pairs])
    assert subset_p(u, chosen) == pytest.approx(expected)


def test_sampled_p_is_repeatable_and_near_the_normal_one() -> None:
    u = np.linspace(0, 1, 60)
    chosen = u[20:35]
    assert subset_p(u, chosen) == subset_p(u, chosen)
    assert subset_p(u, u[22:37]) > 0.5
    assert subset_p(u, u[:15]) < 0.01
