"""New bounds: how far out, what theory forbids, how many points, and how often."""

from dataclasses import replace

import pytest

from app.domain.rounds import Action
from app.domain.space import NaturalLimits, Parameter, Role
from app.domain.studies import SamplerKind
from app.planning.widen import Edge, new_bounds, suspect_values
from tests.unit.planning.cases import advice_on, answer, clear, edge, study_of, usual_study
from tests.unit.policy.builders import number, rate_parameter, round_facts, sweep, valley


@pytest.mark.parametrize(
    ("parameter", "side", "bounds"),
    [
        (rate_parameter(1e-4, 1e-3), "high", (1e-4, 1e-2)),  # at least a decade
        (rate_parameter(1e-4, 1.0), "low", (1e-6, 1.0)),  # half the width
        (number(1.0, 3.0), "high", (1.0, 4.0)),
        (number(1.0, 3.0), "low", (0.0, 3.0)),
        (number(0.1, 0.5, role=Role.REGULARIZATION), "low", (0.0, 0.5)),
        (number(0.1, 0.9, natural=NaturalLimits(high=1.0)), "high", (0.1, 1.0)),
    ],
)
def test_bounds_move_out_by_scale_and_stop_at_natural_limits(
    parameter: Parameter, side: str, bounds: tuple[float, float]
) -> None:
    assert new_bounds(parameter, "x", side).bounds == pytest.approx(bounds)


def test_momentum_approaches_one_and_never_reaches_it() -> None:
    low, high = new_bounds(number(0.5, 0.9, role=Role.OPTIMIZER), "momentum", "high").bounds
    assert low == 0.5
    assert high == pytest.approx(0.99)


def test_a_linear_rate_stays_above_zero() -> None:
    rate = number(0.01, 0.1, role=Role.LEARNING_RATE)
    assert new_bounds(rate, "lr", "low").bounds == pytest.approx((0.001, 0.1))


def test_at_a_natural_limit_nothing_is_widened() -> None:
    fixed = number(0.0, 0.5, role=Role.REGULARIZATION)
    assert new_bounds(fixed, "weight_decay", "low") == fixed


def test_points_grow_with_the_width_and_are_at_least_four() -> None:
    wide = advice_on(usual_study(), edge("high"), *clear("HZN104")).proposal
    assert wide is not None
    assert wide.trials == 5  # nine points over four decades, two more decades
    few = usual_study(parameters={"learning_rate": rate_parameter(1e-8, 1.0)})
    more = advice_on(few, edge("high"), *clear("HZN104")).proposal
    assert more is not None
    assert more.trials == 5
    assert more.sampler.kind is SamplerKind.QUASI_RANDOM


def test_suspect_points_lie_a_third_of_a_decade_apart() -> None:
    values = suspect_values(rate_parameter(1e-4, 1.0), Edge("lr", "high", True))
    assert values == pytest.approx([10 ** (1 / 3), 10 ** (2 / 3), 10.0])


def test_a_suspect_asks_for_three_points_once_per_end_and_setting() -> None:
    study = usual_study()
    suspect = (edge("high", "suspect"), *clear("HZN104"))
    first = advice_on(study, *suspect)
    assert first.action is Action.WIDEN_SEARCH_SPACE
    assert first.proposal is not None
    assert len(first.proposal.points) == 3
    assert first.proposal.trials is None
    assert first.proposal.parameters["learning_rate"].bounds == pytest.approx((1e-4, 10.0))
    answered = answer(study, valley(0.01), first, 2)
    assert advice_on(answered, *suspect).action is Action.CHECK_HORIZON
    other_end = (edge("low", "suspect"), *clear("HZN104"))
    assert advice_on(answered, *other_end).action is Action.WIDEN_SEARCH_SPACE


def test_after_three_widenings_a_person_is_asked_and_suspects_do_not_count() -> None:
    study = usual_study().definition
    rounds = [round_facts(study, sweep(study, valley(0.01)), 1)]
    for n in (2, 3):
        wider = round_facts(study, (), n, action=Action.WIDEN_SEARCH_SPACE)
        rounds.append(wider)
    found = (edge("high"), *clear("HZN104"))
    last = round_facts(study, sweep(study, valley(0.01)), 4)
    assert advice_on(study_of(study, *rounds, last), *found).is_decided
    third = replace(last, action=Action.WIDEN_SEARCH_SPACE)
    asked = advice_on(study_of(study, *rounds, third), *found)
    assert asked.action is Action.WIDEN_SEARCH_SPACE
    assert not asked.is_decided
