"""Schedules of a study: names become numbers, for one point and one horizon."""

import pytest

from app.domain.errors import InvalidDefinition
from app.domain.schedules import Names, RoleReference, ScheduleDefinition, resolve
from app.domain.space import FixedValue, Parameter, ParameterType, Params, Role, Scale
from paceline.schedules import Schedule

HORIZON = 100


def rate(**when: str) -> Parameter:
    return Parameter(
        ParameterType.FLOAT,
        low=1e-4,
        high=1.0,
        scale=Scale.LOG,
        role=Role.LEARNING_RATE,
        when=dict(when) or None,
    )


def steps(role: Role = Role.WARMUP, when: dict[str, object] | None = None) -> Parameter:
    return Parameter(ParameterType.INT, low=0, high=200, role=role, when=when)  # type: ignore[arg-type]  # str values


OPTIMIZER = Parameter(ParameterType.CATEGORICAL, choices=("adam", "sgd"))
NAMES = Names({"learning_rate": rate(), "warmup": steps()}, {"tail": FixedValue(0.1)})
POINT = {"learning_rate": 0.3, "warmup": 10}


def test_names_become_the_points_numbers() -> None:
    said = ScheduleDefinition(
        "linear", peak="learning_rate", warmup_steps="warmup", final_fraction="tail"
    )
    assert resolve(said, NAMES, POINT, HORIZON) == Schedule(
        "linear", 0.3, warmup_steps=10, final_fraction=0.1
    )


def test_numbers_stay_as_they_are() -> None:
    said = ScheduleDefinition("wsd", peak=0.5, decay_fraction=0.2)
    assert resolve(said, NAMES, POINT, HORIZON) == Schedule("wsd", 0.5, decay_fraction=0.2)


def test_peak_that_is_not_said_is_the_learning_rate() -> None:
    assert resolve(ScheduleDefinition(), NAMES, POINT, HORIZON) == Schedule("constant", 0.3)


def test_fixed_learning_rate_serves_when_none_is_searched() -> None:
    names = Names({}, {"lr": FixedValue(0.2, role=Role.LEARNING_RATE)})
    assert resolve(ScheduleDefinition(), names, {}, HORIZON).peak == 0.2


@pytest.mark.parametrize(("optimizer", "peak"), [("adam", 0.001), ("sgd", 0.1)])
def test_role_means_the_active_one_of_several_rates(optimizer: str, peak: float) -> None:
    space = {
        "optimizer": OPTIMIZER,
        "adam_lr": rate(optimizer="adam"),
        "sgd_lr": rate(optimizer="sgd"),
    }
    point: Params = {"optimizer": optimizer, "adam_lr": 0.001, "sgd_lr": 0.1}
    said = ScheduleDefinition("cosine", peak=RoleReference(Role.LEARNING_RATE))
    assert resolve(said, Names(space, {}), point, HORIZON).peak == peak


def test_two_active_rates_are_refused_with_their_number() -> None:
    names = Names({"one": rate(), "two": rate()}, {})
    with pytest.raises(InvalidDefinition, match="there are 2"):
        resolve(ScheduleDefinition(), names, {"one": 0.1, "two": 0.2}, HORIZON)


def test_warmup_inactive_for_a_point_is_none() -> None:
    space = {
        "optimizer": OPTIMIZER,
        "learning_rate": rate(),
        "warmup": steps(when={"optimizer": "adam"}),
    }
    point: Params = {"optimizer": "sgd", "learning_rate": 0.1}
    said = ScheduleDefinition("linear", warmup_steps="warmup")
    assert resolve(said, Names(space, {}), point, HORIZON).warmup_steps == 0


def test_peak_inactive_for_a_point_is_refused() -> None:
    space = {"optimizer": OPTIMIZER, "adam_lr": rate(optimizer="adam")}
    said = ScheduleDefinition(peak="adam_lr")
    with pytest.raises(InvalidDefinition, match=r"schedule\.peak refers to adam_lr"):
        resolve(said, Names(space, {}), {"optimizer": "sgd"}, HORIZON)


def test_name_that_is_nowhere_is_refused() -> None:
    with pytest.raises(InvalidDefinition, match="nobody"):
        resolve(ScheduleDefinition(peak="nobody"), NAMES, POINT, HORIZON)


@pytest.mark.parametrize("value", ["fast", True])
def test_name_that_gives_no_number_is_refused(value: str | bool) -> None:
    names = Names({}, {"speed": FixedValue(value)})
    with pytest.raises(InvalidDefinition, match="gives no number"):
        resolve(ScheduleDefinition(peak="speed"), names, {}, HORIZON)


def test_steps_out_of_a_float_parameter_are_whole() -> None:
    warmup = Parameter(ParameterType.FLOAT, low=0.0, high=20.0, role=Role.WARMUP)
    names = Names({"learning_rate": rate(), "warmup": warmup}, {})
    said = ScheduleDefinition("linear", warmup_steps="warmup")
    found = resolve(said, names, {"learning_rate": 0.1, "warmup": 7.6}, HORIZON)
    assert found.warmup_steps == 8


def test_warmup_longer_than_the_horizon_is_refused_with_both_numbers() -> None:
    said = ScheduleDefinition("linear", warmup_steps="warmup")
    with pytest.raises(InvalidDefinition, match=r"150.*100"):
        resolve(said, NAMES, {"learning_rate": 0.1, "warmup": 150}, HORIZON)


@pytest.mark.parametrize("kind", ["custom", "triangle"])
def test_unknown_kind_is_refused_by_name(kind: str) -> None:
    with pytest.raises(InvalidDefinition, match=kind):
        resolve(ScheduleDefinition(kind), NAMES, POINT, HORIZON)
