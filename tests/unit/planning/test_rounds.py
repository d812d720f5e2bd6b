"""The first round, and what rounds cost."""

from dataclasses import replace

import pytest

from app.domain.errors import InvalidDefinition
from app.domain.ids import TrialId
from app.domain.rounds import Point, Purpose, Resume
from app.domain.schedules import ScheduleDefinition
from app.domain.space import FixedValue, Parameter, ParameterType
from app.domain.studies import SamplerDefinition, SamplerKind
from app.planning.rounds import first_round, rounds_cost
from tests.unit.policy.builders import definition, rate_parameter


def test_the_first_round_is_what_was_typed() -> None:
    study = definition(points=({"learning_rate": 0.5},), seeds=(3, 4), tags={"data": "v1"})
    first = first_round(study)
    assert (first.purpose, first.max_train_steps, first.trials) == (Purpose.TUNE, 1000, 9)
    assert first.points == (Point({"learning_rate": 0.5}),)
    assert (first.seeds, first.tags) == ((3, 4), {"data": "v1"})


def test_a_horizon_beyond_production_is_refused_and_production_itself_is_not() -> None:
    assert first_round(definition(production_steps=1000)).max_train_steps == 1000
    with pytest.raises(InvalidDefinition, match="999"):
        first_round(definition(production_steps=999))


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (ScheduleDefinition(kind="wsd", decay_fraction=0.2), (800,)),
        (ScheduleDefinition(kind="wsd", decay_steps="tail"), (900,)),
        (ScheduleDefinition(kind="constant"), ()),
        (ScheduleDefinition(kind="cosine", warmup_steps=50), (50,)),
        (ScheduleDefinition(kind="linear"), ()),
    ],
)
def test_a_checkpoint_is_kept_where_the_decay_begins(
    schedule: ScheduleDefinition, expected: tuple[int, ...]
) -> None:
    study = definition(schedule=schedule, fixed={"tail": FixedValue(100)})
    assert first_round(study).checkpoint_steps == expected


def test_a_job_that_cannot_resume_keeps_none() -> None:
    wsd = ScheduleDefinition(kind="wsd", decay_fraction=0.2)
    study = definition(schedule=wsd)
    job = replace(study.job, resumable=False)  # type: ignore[type-var]  # a Job, not "external"
    assert first_round(replace(study, job=job)).checkpoint_steps == ()


def test_a_round_costs_its_runs_less_what_is_resumed() -> None:
    base = first_round(definition(seeds=(0, 1)))
    resumed = Point({"learning_rate": 0.1}, resume=Resume(TrialId("t"), 400), seeds=(0,))
    fresh = Point({"learning_rate": 0.2})
    cost = rounds_cost(replace(base, points=(resumed, fresh)), seconds_per_step=3.6, gpus=2)
    assert cost.steps == (9 * 2 + 1 + 2) * 1000 - 400
    assert cost.saved_by_reuse_steps == 400
    assert cost.gpu_hours == pytest.approx(2 * cost.steps * 3.6 / 3600)


def test_a_grid_costs_all_of_its_points() -> None:
    width = Parameter(ParameterType.CATEGORICAL, choices=(1, 2, 3))
    study = definition(
        parameters={"learning_rate": rate_parameter(), "width": width},
        sampler=SamplerDefinition(SamplerKind.GRID, points={"learning_rate": 7}),
        trials=None,
    )
    assert rounds_cost(first_round(study)).steps == 21 * 1000
