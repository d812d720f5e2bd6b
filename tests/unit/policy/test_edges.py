"""The edge algorithm of policy 2.3 on its own: one dimension, several dimensions, its guards."""

import math

import numpy as np
import pytest

from app.policy.edges import EdgeJudgement, Points, Strength, judge_edge

INF = math.inf


def points(
    outcome: list[float], u: list[float] | None = None, *, is_grid: bool = True, dims: int = 1
) -> Points:
    at = np.linspace(0, 1, len(outcome)) if u is None else np.array(u)
    learned = np.ones(len(outcome))
    return Points(at, np.array(outcome), learned, is_grid, dims, len(outcome), 0.02)


def judged(outcome: list[float]) -> EdgeJudgement:
    return judge_edge(points(outcome))


@pytest.mark.parametrize(
    ("outcome", "side", "strength"),
    [
        ([1, 2, 3, 4, 5], "low", "edge"),
        ([5, 4, 3, 2, 1], "high", "edge"),
        ([3, 2, 1, 2, 3], None, None),
        ([INF] * 5, "low", "edge"),
        ([1, 2, INF, INF, INF, INF, INF, INF], "low", "edge"),  # fewer than 3 of 8, lowest
        ([2, 1, 3, INF, INF, INF], "low", "edge"),  # the window sits on the cliff
        ([4, 3, 2, 1, INF], None, None),  # natural edge
        ([4, 3, 1, 2, INF], None, None),  # one live rate above the best
        ([1, 2, 3, 1.005, 5], "low", "suspect"),  # an interior rate within half a noise
        ([1, 2, 3, 1.015, 5], "low", "edge"),
    ],
)
def test_one_dimension_is_judged_in_order(
    outcome: list[float], side: str | None, strength: str | None
) -> None:
    found = judged(outcome)
    assert (found.side, found.strength) == (side, strength)


def test_best_neighbourhood_at_an_end_is_suspect() -> None:
    """The single best is interior by noise; its neighbours fall towards the low end."""
    found = judged([1.01, 1.02, 1.4, 1.0, 2.0, 3.0])
    assert (found.side, found.strength) == ("low", "suspect")


def test_symmetric_valley_beside_an_end_is_inside() -> None:
    assert judged([1.5, 1.0, 1.6, 3.0, 5.0]).side is None


def random_points(outcome: list[float]) -> Points:
    """Eight random values, the second at .05 and the seventh at .95 of the range."""
    return points(outcome, [0.0, 0.05, 0.3, 0.4, 0.5, 0.6, 0.95, 1.0], is_grid=False)


@pytest.mark.parametrize(
    ("outcome", "side", "strength"),
    [
        ([1.02, 1.0, 2, 3, 4, 5, 6, 7], "low", Strength.EDGE),  # the lowest ties
        ([1.5, 1.0, 2, 3, 4, 5, 6, 7], "low", Strength.SUSPECT),  # it is clearly worse
        ([7, 6, 5, 4, 3, 2, 1.0, 1.02], "high", Strength.EDGE),
        ([7, 6, 5, 4, 3, 2, 1.0, 1.5], "high", Strength.SUSPECT),
    ],
)
def test_random_value_near_a_bound_is_only_suspect_where_one_further_out_is_clearly_worse(
    outcome: list[float], side: str, strength: Strength
) -> None:
    judgement = judge_edge(random_points(outcome))
    assert (judgement.side, judgement.strength) == (side, strength)


def test_cliff_is_named() -> None:
    assert judged([4, 3, 2, 1, INF]).is_cliff
    assert not judged([5, 4, 3, 2, 1]).is_cliff


@pytest.mark.parametrize(("alive", "missing"), [(2, ("trials",)), (3, ())])
def test_three_values_must_be_alive(alive: int, missing: tuple[str, ...]) -> None:
    outcome = [INF, INF, INF, *[float(i) for i in range(alive)]]
    assert judged(outcome).missing == missing


def many(value: np.ndarray, dead: np.ndarray | None = None) -> EdgeJudgement:
    outcome = value.copy()
    if dead is not None:
        outcome[dead] = INF
    u = np.linspace(0, 1, value.size)
    return judge_edge(Points(u, outcome, np.ones(value.size), False, 3, value.size, 0.01))


U = np.linspace(0, 1, 16)
LUCK = np.random.default_rng(1).normal(0, 0.05, 16)


def test_several_dimensions_improving_upwards_is_high() -> None:
    found = many(1 - U + LUCK)
    assert (found.side, found.strength) == ("high", "edge")


def test_several_dimensions_with_a_death_above_the_best_is_never_high() -> None:
    dead = np.zeros(16, dtype=bool)
    dead[14] = True
    value = 1 - U
    value[13] = 0.0
    assert many(value).side == "high"
    assert many(value, dead).side is None


def test_several_dimensions_low_needs_early_and_frequent_divergence() -> None:
    assert many(U + LUCK, dead=U > 0.3).strength == "edge"
    assert many(U + LUCK, dead=U > 0.85).side is None
    assert many(U + LUCK, dead=U > 0.6).side is None


def test_several_dimensions_low_without_divergence_is_only_suspect() -> None:
    found = many(U + LUCK)
    assert (found.side, found.strength) == ("low", "suspect")


def test_several_dimensions_valley_inside_is_clear() -> None:
    assert many((U - 0.5) ** 2 + LUCK / 10).side is None


def test_several_dimensions_want_eight_points() -> None:
    value = np.linspace(1, 0, 8)
    assert many(value[:7]).missing == ("trials",)
    assert many(value).missing == ()
