"""From a round's definition to its trials."""

from dataclasses import replace

import pytest

from app.domain.errors import InvalidDefinition
from app.domain.points import check_point, merged_schedule
from app.domain.rounds import Point, Purpose, RoundDefinition
from app.domain.schedules import RoleReference, ScheduleDefinition
from app.domain.space import Parameter, Parameters, ParameterType, Role, Scale
from app.domain.studies import SamplerDefinition, SamplerKind
from app.services.round_plan import RoundPlan, Start, plan_round

RATE = Parameter(ParameterType.FLOAT, 1e-4, 1.0, scale=Scale.LOG, role=Role.LEARNING_RATE)
WIDTH = Parameter(ParameterType.CATEGORICAL, choices=(32, 64), role=Role.ARCHITECTURE)
WARMUP = Parameter(ParameterType.INT, 0, 100, role=Role.WARMUP, when={"width": 64})
SPACE: Parameters = {"learning_rate": RATE, "width": WIDTH, "warmup": WARMUP}
ROUND = RoundDefinition(
    purpose=Purpose.TUNE,
    max_train_steps=1000,
    parameters=SPACE,
    fixed={},
    schedule=ScheduleDefinition(kind="wsd", warmup_steps="warmup", decay_fraction=0.2),
    sampler=SamplerDefinition(seed=7),
    seeds=(0, 1),
    tags={},
    trials=6,
)
MINE = Point({"learning_rate": 0.01, "width": 32})


def keys(plan: RoundPlan) -> list[str]:
    return list(dict.fromkeys(trial.point_key for trial in plan.trials))


def test_own_points_come_first_and_every_point_runs_once_a_seed() -> None:
    plan = plan_round(replace(ROUND, points=(MINE,)), Start())
    assert plan.trials[0].params == MINE.params
    assert len(plan.trials) == (1 + 6) * 2
    assert all(sum(t.point_key == key for t in plan.trials) == 2 for key in keys(plan))


def test_a_later_round_goes_on_with_new_points() -> None:
    first = plan_round(ROUND, Start())
    second = plan_round(ROUND, Start(first.next_index))
    assert not set(keys(first)) & set(keys(second))


def test_a_warmup_that_is_inactive_for_a_point_is_none() -> None:
    plan = plan_round(replace(ROUND, trials=None, points=(MINE,)), Start())
    assert plan.trials[0].schedule.warmup_steps == 0


def test_the_rate_of_the_active_branch_is_the_peak() -> None:
    space: Parameters = {
        "optimizer": Parameter(ParameterType.CATEGORICAL, choices=("adam", "sgd")),
        "adam_lr": replace(RATE, when={"optimizer": "adam"}),
        "sgd_lr": replace(RATE, when={"optimizer": "sgd"}),
    }
    schedule = ScheduleDefinition(peak=RoleReference(Role.LEARNING_RATE))
    plan = plan_round(replace(ROUND, parameters=space, schedule=schedule), Start())
    for trial in plan.trials:
        name = f"{trial.params['optimizer']}_lr"
        assert trial.schedule.peak == trial.params[name]
        assert set(trial.params) == {"optimizer", name}


def test_a_peak_that_is_inactive_for_a_point_is_refused() -> None:
    peak = replace(ROUND, schedule=ScheduleDefinition(peak="warmup"), points=(MINE,))
    with pytest.raises(InvalidDefinition, match="peak refers to warmup"):
        plan_round(peak, Start())


def test_a_round_without_any_trial_is_refused() -> None:
    with pytest.raises(InvalidDefinition, match="no trial"):
        plan_round(replace(ROUND, trials=None), Start())


def test_a_grid_runs_whole_where_no_number_is_given() -> None:
    sampler = SamplerDefinition(SamplerKind.GRID, points={"learning_rate": 4, "warmup": 2})
    plan = plan_round(replace(ROUND, sampler=sampler, trials=None), Start())
    assert len(keys(plan)) == 4 + 4 * 2  # the warmup lives in one of two branches


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"learning_rate": 0.1}, "lacks width"),
        ({"learning_rate": 0.1, "width": 64}, "lacks warmup"),
        ({"learning_rate": 0.1, "width": 32, "warmup": 3}, "its condition"),
        ({"learning_rate": 0.1, "width": 33}, "among its choices"),
        ({"learning_rate": "high", "width": 32}, "not a number"),
        ({"learning_rate": 0.1, "width": 64, "warmup": 2.5}, "whole number"),
        ({"learning_rat": 0.1, "width": 32}, "no parameter"),
        ({"learning_rate": 2.0, "width": 32}, "outside its range"),
    ],
)
def test_a_point_that_does_not_fit_the_space_is_refused(
    params: dict[str, bool | int | float | str], words: str
) -> None:
    with pytest.raises(InvalidDefinition, match=words):
        check_point(params, SPACE, is_boxed=True)


def test_points_of_a_round_may_leave_the_box() -> None:
    assert check_point({"learning_rate": 2.0, "width": 32}, SPACE, is_boxed=False)


def test_a_points_decay_in_steps_replaces_the_rounds_fraction_of_it() -> None:
    own = ScheduleDefinition(decay_steps=50)
    merged = merged_schedule(ROUND.schedule, own)
    assert (merged.kind, merged.decay_steps, merged.decay_fraction) == ("wsd", 50, None)
    assert merged.warmup_steps == "warmup"
