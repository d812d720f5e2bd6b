"""Study and round definitions: defaults, what is refused, what a round inherits."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import InvalidDefinition
from app.domain.rounds import (
    Point,
    Purpose,
    RoundDefinition,
    RoundRequest,
    evaluation_interval,
    evaluation_steps,
    inherit,
)
from app.domain.schedules import ScheduleDefinition
from app.domain.space import FixedValue, Parameter, ParameterType
from app.domain.studies import (
    Autopilot,
    Direction,
    Job,
    Limits,
    Objective,
    SamplerDefinition,
    SamplerKind,
    StudyDefinition,
    TrainingMetric,
    Workload,
)

SPACE = {"learning_rate": Parameter(ParameterType.FLOAT, low=0.1, high=1.0)}
COMMAND = ("python", "train.py")


def study(**changes: Any) -> StudyDefinition:  # Any: any field of a definition
    said = {
        "name": "s",
        "objective": Objective("val_error"),
        "job": Job(command=COMMAND),
        "parameters": SPACE,
        "max_train_steps": 100,
        **changes,
    }
    return StudyDefinition(**said)


def base() -> RoundDefinition:
    return RoundDefinition(
        purpose=Purpose.TUNE,
        max_train_steps=100,
        parameters=SPACE,
        fixed={"width": FixedValue(64)},
        schedule=ScheduleDefinition("wsd"),
        sampler=SamplerDefinition(SamplerKind.RANDOM, seed=7),
        seeds=(0, 1),
        tags={"data": "v1"},
        evaluate_every_steps=5,
        checkpoint_steps=(50,),
        checks=None,
        trials=12,
        points=(Point({"learning_rate": 0.5}),),
    )


def test_defaults_are_those_of_the_contract() -> None:
    definition = study()
    assert definition.workload is Workload.NOT_COMPUTE_BOUND
    assert definition.autopilot is Autopilot.GATED
    assert definition.limits == Limits(rounds=3)
    assert definition.sampler == SamplerDefinition(SamplerKind.QUASI_RANDOM)
    assert definition.schedule == ScheduleDefinition("constant")
    assert (definition.seeds, definition.points, definition.priority) == ((0,), (), 0)
    assert definition.start
    job = definition.job
    assert isinstance(job, Job)
    assert (job.gpus, job.max_attempts, job.timeout_seconds, job.resumable) == (0, 3, None, False)


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({}, "either"),
        ({"command": COMMAND, "entrypoint": "train"}, "either"),
        ({"command": ()}, "name a program"),
        ({"command": ("python", "")}, "non-empty"),
        ({"command": COMMAND, "gpus": -1}, "gpus"),
        ({"command": COMMAND, "max_attempts": 0}, "max_attempts"),
        ({"command": COMMAND, "timeout_seconds": 0.0}, "timeout_seconds"),
    ],
)
def test_job_that_cannot_run_is_refused_with_the_reason(
    said: dict[str, Any], named: str
) -> None:  # Any: wrong on purpose
    with pytest.raises(InvalidDefinition, match=named):
        Job(**said)


def test_external_job_takes_no_gpu_of_ours_and_cannot_be_resumed_by_us() -> None:
    definition = study(job="external")
    assert (definition.gpus, definition.is_resumable) == (0, False)


def test_metrics_are_named_once_objective_first() -> None:
    definition = study(training_metric=TrainingMetric("train_error"), loss_metric="train_error")
    assert definition.metric_names == ("val_error", "train_error")


@pytest.mark.parametrize(
    ("direction", "better"), [(Direction.MINIMIZE, 1), (Direction.MAXIMIZE, 2)]
)
def test_sign_makes_lower_better(direction: Direction, better: float) -> None:
    assert min((1, 2), key=lambda value: direction.sign * value) == better


@pytest.mark.parametrize(
    ("given_steps", "horizon", "interval"),
    [(None, 2000, 40), (None, 49, 1), (None, 1, 1), (7, 2000, 7), (None, 199, 3)],
)
def test_interval_is_the_given_one_or_a_fiftieth_of_the_horizon(
    given_steps: int | None, horizon: int, interval: int
) -> None:
    assert evaluation_interval(given_steps, horizon) == interval


@given(st.integers(1, 300), st.integers(1, 1000))
def test_grid_ends_at_the_horizon_and_holds_every_multiple(interval: int, horizon: int) -> None:
    grid = evaluation_steps(interval, horizon)
    assert grid[-1] == horizon
    assert grid == sorted(set(grid))
    expected = {step for step in range(1, horizon + 1) if step % interval == 0 or step == horizon}
    assert set(grid) == expected


def test_round_inherits_what_it_does_not_say() -> None:
    found = inherit(RoundRequest(max_train_steps=400), base())
    assert found.max_train_steps == 400
    assert found.sampler == base().sampler
    assert (found.parameters, found.fixed, found.seeds, found.tags) == (
        base().parameters,
        base().fixed,
        base().seeds,
        base().tags,
    )
    assert found.interval_steps == 5


def test_trials_points_checks_and_checkpoint_steps_are_never_inherited() -> None:
    found = inherit(RoundRequest(), base())
    assert (found.trials, found.points, found.checks, found.checkpoint_steps) == (
        None,
        (),
        None,
        (),
    )


def test_what_a_round_says_beats_what_it_would_inherit() -> None:
    said = RoundRequest(
        purpose=Purpose.CHECK, checks=1, seeds=(3,), tags={}, points=(Point({"learning_rate": 1}),)
    )
    found = inherit(said, base())
    assert (found.purpose, found.checks, found.seeds, found.tags) == (Purpose.CHECK, 1, (3,), {})
    assert found.points == said.points
