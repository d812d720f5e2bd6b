"""What is refused, and that the refusal names the number and the way out."""

import re

import pytest
from hypothesis import given

from paceline.schedules import Schedule, ScheduleError
from tests.unit.schedules.strategies import Case, cases

REFUSED: list[tuple[dict[str, object], str]] = [
    ({"kind": "custom", "peak": 0.1}, "a custom schedule has no formula"),
    ({"kind": "triangle", "peak": 0.1}, "unknown schedule kind 'triangle'; use one of constant"),
    ({"peak": 0.1}, "unknown schedule kind None"),
    ({"kind": "linear"}, "peak is missing"),
    ({"kind": "linear", "peak": None}, "peak is missing"),
    ({"kind": "linear", "peak": -0.1}, "peak must be a finite number of at least 0, got -0.1"),
    ({"kind": "linear", "peak": "nan"}, "got 'nan'"),
    ({"kind": "linear", "peak": float("nan")}, "got nan"),
    ({"kind": "linear", "peak": True}, "got True"),
    ({"kind": "linear", "peak": 1, "warmup_steps": -1}, "warmup_steps must be a whole number"),
    ({"kind": "linear", "peak": 1, "warmup_steps": 2.5}, "got 2.5"),
    ({"kind": "linear", "peak": 1, "decay_steps": 2**60}, "decay_steps must be a whole number"),
    ({"kind": "wsd", "peak": 1, "decay_steps": 3, "decay_fraction": 0.1}, "keep one"),
    ({"kind": "wsd", "peak": 1, "decay_fraction": 1.5}, "from 0 to 1, got 1.5"),
    ({"kind": "wsd", "peak": 1, "final_fraction": -1}, "final_fraction must be"),
    ({"kind": "exponential", "peak": 1}, "needs final_fraction above 0"),
    ({"kind": "step", "peak": 1, "milestones": [3, 2]}, "milestones must ascend, got [3, 2]"),
    ({"kind": "step", "peak": 1, "milestones": 3}, "milestones must be a list of steps, got 3"),
    ({"kind": "step", "peak": 1, "milestones": ["a"]}, "milestones must be a whole number"),
    ({"kind": "step", "peak": 1, "factor": 2}, "factor must be a finite number from 0 to 1"),
    ({"kind": "linear", "peak": 1, "cycles": 2}, "unknown schedule field 'cycles'; use kind"),
]


@pytest.mark.parametrize(("wire", "message"), REFUSED)
def test_an_impossible_schedule_is_refused_with_the_number(
    wire: dict[str, object], message: str
) -> None:
    with pytest.raises(ScheduleError, match=re.escape(message)):
        Schedule.from_dict(wire)


@pytest.mark.parametrize(
    ("schedule", "horizon", "message"),
    [
        (Schedule("constant", 0.1, warmup_steps=2000), 1000, "2000 is longer than max_train_steps"),
        (Schedule("wsd", 0.1, warmup_steps=10, decay_steps=5000), 1000, "at most 990"),
        (Schedule("wsd", 0.1, warmup_steps=300, decay_fraction=0.9), 1000, "at most 700"),
        (Schedule("linear", 0.1), 0, "max_train_steps must be a whole number of steps from 1"),
    ],
)
def test_a_schedule_that_does_not_fit_its_horizon_is_refused_with_the_fix(
    schedule: Schedule, horizon: int, message: str
) -> None:
    with pytest.raises(ScheduleError, match=message):
        schedule.validate(horizon)


def test_a_warmup_of_the_whole_horizon_is_just_possible() -> None:
    schedule = Schedule("exponential", 0.1, warmup_steps=10, final_fraction=0.1)
    schedule.validate(10)
    assert schedule.learning_rate(10, 10) == 0.1


def test_whole_numbers_may_arrive_as_floats() -> None:
    wire = {"kind": "step", "peak": 1, "warmup_steps": 10.0, "milestones": [20.0]}
    assert Schedule.from_dict(wire).milestones == (20,)


@given(cases())
def test_the_wire_form_keeps_every_rate_and_holds_no_null(case: Case) -> None:
    wire = case.schedule.to_dict()
    again = Schedule.from_dict(wire)
    assert None not in wire.values()
    assert again.to_dict() == wire
    assert again.same_until(case.schedule, case.horizon, case.horizon) == case.horizon


@given(cases())
def test_resolving_changes_no_rate(case: Case) -> None:
    resolved = case.schedule.resolve(case.horizon)
    assert resolved.same_until(case.schedule, case.horizon, case.horizon) == case.horizon
