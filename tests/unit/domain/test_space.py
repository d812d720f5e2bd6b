"""The search space: ranges, scales, conditions, and what is refused."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import InvalidDefinition
from app.domain.space import (
    FixedValue,
    NaturalLimits,
    Parameter,
    ParameterType,
    Params,
    Role,
    Scale,
    active_params,
    check_space,
    is_active,
    names_with_role,
    point_key,
)

NUMERIC = st.sampled_from([ParameterType.FLOAT, ParameterType.INT])


def rate(low: float = 1e-4, high: float = 1.0) -> Parameter:
    return Parameter(
        ParameterType.FLOAT, low=low, high=high, scale=Scale.LOG, role=Role.LEARNING_RATE
    )


def choice(*choices: str | int) -> Parameter:
    return Parameter(ParameterType.CATEGORICAL, choices=choices)


@st.composite
def numeric_parameters(draw: st.DrawFn) -> Parameter:
    """Floats and ints, linear and log, with and without a step."""
    scale = draw(st.sampled_from(Scale))
    kind = draw(NUMERIC)
    low = draw(st.integers(1 if scale is Scale.LOG else -1000, 1000))
    width = draw(st.integers(1, 1000))
    step = draw(st.none() | st.integers(1, width))
    return Parameter(kind, low=low, high=low + width, step=step, scale=scale)


@given(numeric_parameters(), st.floats(0, 1))
def test_every_position_gives_a_value_of_the_range(parameter: Parameter, position: float) -> None:
    value = parameter.value_at(position)
    assert parameter.contains(value)
    assert isinstance(value, int) == (parameter.type is ParameterType.INT)


@given(numeric_parameters(), st.floats(0, 1))
def test_snapping_twice_changes_nothing(parameter: Parameter, position: float) -> None:
    value = parameter.value_at(position)
    assert isinstance(value, int | float)
    assert parameter.snap(value) == value


@given(numeric_parameters(), st.floats(0, 1), st.floats(0, 1))
def test_higher_positions_never_give_lower_values(
    parameter: Parameter, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    below, above = parameter.value_at(low), parameter.value_at(high)
    assert isinstance(below, int | float)
    assert isinstance(above, int | float)
    assert below <= above


@given(st.floats(0, 1))
def test_position_and_value_are_each_others_inverse(position: float) -> None:
    value = rate().value_at(position)
    assert isinstance(value, float)
    assert rate().position(value) == pytest.approx(position, abs=1e-6)


def test_middle_of_a_log_range_is_the_geometric_mean() -> None:
    assert rate(1e-4, 1.0).value_at(0.5) == pytest.approx(1e-2)
    assert rate(1e-4, 1.0).position(1e-2) == pytest.approx(0.5)


def test_values_outside_the_range_have_positions_outside_the_unit() -> None:
    assert rate(1e-3, 1e-1).position(1.0) == pytest.approx(1.5)
    assert rate(1e-3, 1e-1).position(1e-4) == pytest.approx(-0.5)


def test_ends_of_a_range_belong_to_it_even_after_rounding() -> None:
    parameter = rate(0.1 + 0.2, 0.9)
    assert parameter.contains(0.3)
    assert parameter.contains(0.9)
    assert not parameter.contains(0.91)
    assert not parameter.contains("0.5")


def test_every_choice_is_reached_and_the_last_position_is_the_last_choice() -> None:
    parameter = choice("a", "b", "c")
    assert [parameter.value_at(position / 2) for position in range(3)] == ["a", "b", "c"]
    assert parameter.contains("b")
    assert not parameter.contains("d")


def test_step_counts_from_the_low_end() -> None:
    parameter = Parameter(ParameterType.FLOAT, low=0.5, high=1.0, step=0.2)
    assert [parameter.snap(value) for value in (0.5, 0.61, 0.79, 1.0)] == [0.5, 0.7, 0.7, 0.9]


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"low": 1.0, "high": 1.0}, "1.0"),
        ({"low": 2.0, "high": 1.0}, "below high"),
        ({"low": 1.0}, "both low and high"),
        ({"low": -math.inf, "high": 1.0}, "inf"),
        ({"low": math.nan, "high": 1.0}, "nan"),
        ({"low": 0.0, "high": 1.0, "scale": Scale.LOG}, "above 0"),
        ({"low": 0.0, "high": 1.0, "step": 0.0}, "step"),
        ({"low": 0.0, "high": 1.0, "step": 2.0}, "step"),
        ({"low": 0.0, "high": 1.0, "choices": (1, 2)}, "choices"),
    ],
)
def test_impossible_range_is_refused_with_the_reason(said: dict[str, float], named: str) -> None:
    with pytest.raises(InvalidDefinition, match=named):
        Parameter(ParameterType.FLOAT, **said)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({}, "at least one"),
        ({"choices": ()}, "at least one"),
        ({"choices": ("a", "a")}, "twice"),
        ({"choices": ("a",), "low": 0.0}, "not low"),
    ],
)
def test_impossible_choices_are_refused_with_the_reason(
    said: dict[str, object], named: str
) -> None:
    with pytest.raises(InvalidDefinition, match=named):
        Parameter(ParameterType.CATEGORICAL, **said)  # type: ignore[arg-type]  # wrong on purpose


def test_one_and_true_are_two_choices() -> None:
    assert Parameter(ParameterType.CATEGORICAL, choices=(1, True)).choices == (1, True)


def test_categorical_parameter_has_no_bounds() -> None:
    with pytest.raises(InvalidDefinition, match="no bounds"):
        _ = choice("a").bounds


CONDITIONAL = {
    "optimizer": choice("adam", "sgd"),
    "beta": Parameter(ParameterType.FLOAT, low=0.0, high=1.0, when={"optimizer": "adam"}),
    "decay": Parameter(ParameterType.FLOAT, low=0.0, high=1.0, when={"beta": 0.5}),
}


def test_conditional_parameter_lives_in_its_branch_alone() -> None:
    values: Params = {"optimizer": "sgd", "beta": 0.5, "decay": 0.1}
    assert not is_active("beta", CONDITIONAL, values)
    assert not is_active("decay", CONDITIONAL, values), "a chain of conditions is followed"
    assert active_params(CONDITIONAL, values) == {"optimizer": "sgd"}


def test_active_values_keep_the_order_of_the_definition() -> None:
    values: Params = {"decay": 0.1, "beta": 0.5, "optimizer": "adam"}
    assert list(active_params(CONDITIONAL, values)) == ["optimizer", "beta", "decay"]


def test_points_are_equal_whatever_the_order_of_their_names() -> None:
    assert point_key({"a": 1, "b": 0.5}) == point_key({"b": 0.5, "a": 1})
    assert point_key({"a": 1}) != point_key({"a": 2})


def test_parameters_are_found_by_role_in_order() -> None:
    space = {"sgd_lr": rate(), "width": choice(32, 64), "adam_lr": rate()}
    assert names_with_role(space, Role.LEARNING_RATE) == ("sgd_lr", "adam_lr")


def test_sound_space_is_accepted() -> None:
    check_space(CONDITIONAL, {"width": FixedValue(64)})


def test_name_both_searched_and_fixed_is_refused() -> None:
    with pytest.raises(InvalidDefinition, match="optimizer is both"):
        check_space(CONDITIONAL, {"optimizer": FixedValue("adam")})


@pytest.mark.parametrize(
    ("when", "named"),
    [
        ({"nobody": 1}, "nobody"),
        ({"optimizer": "lion"}, "can never occur"),
        ({"child": 0.5}, "circle"),
    ],
)
def test_condition_that_cannot_hold_is_refused(when: dict[str, object], named: str) -> None:
    child = Parameter(ParameterType.FLOAT, low=0.0, high=1.0, when=when)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(InvalidDefinition, match=named):
        check_space({"optimizer": choice("adam"), "child": child}, {})


def test_circle_of_conditions_is_named_in_full() -> None:
    one = Parameter(ParameterType.INT, low=0, high=3, when={"two": 1})
    two = Parameter(ParameterType.INT, low=0, high=3, when={"one": 1})
    with pytest.raises(InvalidDefinition, match="one -> two -> one"):
        check_space({"one": one, "two": two}, {})


def test_natural_limit_is_kept_beside_the_range() -> None:
    parameter = Parameter(ParameterType.FLOAT, low=0.8, high=0.99, natural=NaturalLimits(high=1.0))
    assert parameter.natural == NaturalLimits(low=None, high=1.0)
