"""The rounds that look for a first horizon: what they run, and what they refuse."""

import math
from dataclasses import replace
from typing import Any  # Any: a builder forwards whatever field a test wants to set

import pytest

from app.domain.errors import InvalidDefinition
from app.domain.rounds import Purpose, RoundDefinition
from app.domain.schedules import ScheduleDefinition
from app.domain.space import FixedValue, NaturalLimits, Parameter, ParameterType, Role
from app.domain.studies import AutoHorizon, AutoSteps, Job, TrainingMetric, Workload
from app.planning.probes import beyond, sweep_rates
from app.planning.rounds import first_round, rounds_cost
from app.policy.engine import admit_round
from app.policy.facts import StudyFacts
from tests.unit.policy.builders import choice, definition, number, rate_parameter, rates

PERFECT = TrainingMetric("train_error", perfect=0.0, tolerance=0.001)
AUTO = AutoHorizon(AutoSteps(500, 64_000))


def probe(**changes: Any) -> RoundDefinition:
    return first_round(
        definition(**{"max_train_steps": AUTO, "training_metric": PERFECT} | changes)
    )


def searched(**parameters: Parameter) -> dict[str, Parameter]:
    return {"learning_rate": rate_parameter(), **parameters}


def test_round_one_is_a_probe_of_five_log_spaced_constant_rates() -> None:
    first = probe(schedule=ScheduleDefinition("cosine", peak="learning_rate", warmup_steps=50))
    assert (first.purpose, first.max_train_steps, first.trials) == (Purpose.PROBE, 500, None)
    assert [p.params["learning_rate"] for p in first.points] == [1e-4, 1e-3, 1e-2, 1e-1, 1.0]
    assert first.schedule == ScheduleDefinition("constant", peak="learning_rate")
    assert rounds_cost(first).steps == 5 * 500


def test_one_seed_probes_and_the_last_evaluation_but_one_is_a_place_to_go_on_from() -> None:
    first = probe(seeds=(3, 4, 5))
    assert (first.seeds, first.interval_steps, first.checkpoint_steps) == ((3,), 10, (490,))
    job = Job(command=("python", "train.py"))
    assert probe(job=job).checkpoint_steps == ()


@pytest.mark.parametrize(("typed", "every"), [(None, 10), (5, 5), (100, 25)])
def test_a_probe_has_twenty_evaluations_at_least(typed: int | None, every: int) -> None:
    assert probe(evaluate_every_steps=typed).interval_steps == every


def test_what_slows_training_is_off_whether_searched_or_fixed() -> None:
    space = searched(
        dropout=number(0.1, 0.5, role=Role.REGULARIZATION),
        decay=number(0.1, 0.5, role=Role.REGULARIZATION, off=0.1),
        flips=choice("random", "none", role=Role.AUGMENTATION),
    )
    fixed = {
        "crops": FixedValue(True, Role.AUGMENTATION),
        "noise": FixedValue("gauss", Role.AUGMENTATION, off="silent"),
        "width": FixedValue(64, Role.ARCHITECTURE),
    }
    first = probe(parameters=space, fixed=fixed)
    assert {p.params["dropout"] for p in first.points} == {0.0}
    assert {p.params["decay"] for p in first.points} == {0.1}
    assert {p.params["flips"] for p in first.points} == {"none"}
    assert {n: v.value for n, v in first.fixed.items()} == {
        "crops": False,
        "noise": "silent",
        "width": 64,
    }
    study = definition(parameters=space, fixed=fixed)
    swept = admit_round(StudyFacts(study, ()), replace(first, purpose=Purpose.LR_SWEEP))
    assert [v.verdict for v in swept if v.code in ("INI401", "INI402")] == ["clear", "clear"]


def test_other_parameters_take_their_middle_or_the_first_point_that_was_given() -> None:
    space = searched(
        momentum=number(0.8, 1.0),
        width=choice(32, 64),
        batch=choice(128, 8, 32, role=Role.BATCH_SIZE),
        extra=number(0.0, 1.0, when={"width": 64}),
    )
    first = probe(parameters=space).points[0].params
    assert first == {"learning_rate": 1e-4, "momentum": 0.9, "width": 32, "batch": 8}
    own = {"learning_rate": 0.1, "momentum": 0.85, "width": 64, "batch": 128, "extra": 0.2}
    given = probe(parameters=space, points=(own,)).points[0].params
    assert given == {**own, "learning_rate": 1e-4, "batch": 8}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"training_metric": None}, "training_metric.perfect"),
        ({"training_metric": TrainingMetric("train_error")}, "training_metric.perfect"),
        ({"workload": Workload.COMPUTE_BOUND}, "production_steps"),
        (
            {
                "parameters": {"momentum": number()},
                "fixed": {"rate": FixedValue(0.1, Role.LEARNING_RATE)},
                "schedule": ScheduleDefinition(peak="rate"),
            },
            "none is searched",
        ),
        (
            {"parameters": searched(flips=choice("a", "b", role=Role.AUGMENTATION))},
            "no choice of flips",
        ),
    ],
)
def test_a_search_that_cannot_work_is_refused_with_a_hint(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidDefinition, match=words) as refused:
        probe(**changes)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("warmup", "steps"), [(None, 6400), (100, 6400), (400, 6800), ("warmup", 6900)]
)
def test_a_compute_bound_search_starts_at_a_tenth_of_production_with_its_warmup(
    warmup: int | str | None, steps: int
) -> None:
    space = searched(
        warmup=Parameter(ParameterType.INT, low=0, high=500, role=Role.WARMUP),
    )
    schedule = ScheduleDefinition("cosine", peak="learning_rate", warmup_steps=warmup)
    first = probe(
        workload=Workload.COMPUTE_BOUND,
        training_metric=None,
        production_steps=64_000,
        parameters=space,
        schedule=schedule,
    )
    assert (first.purpose, first.max_train_steps, first.trials) == (Purpose.TUNE, steps, 9)


def test_a_found_horizon_cuts_the_steps_that_were_typed_for_a_longer_one() -> None:
    schedule = ScheduleDefinition("linear", peak="learning_rate", decay_steps=5000)
    first = probe(
        workload=Workload.COMPUTE_BOUND,
        production_steps=1000,
        schedule=schedule,
        evaluate_every_steps=50,
    )
    assert (first.max_train_steps, first.schedule.decay_steps) == (100, 100)
    assert first.interval_steps == 5


def decades(swept: list[float]) -> float:
    return math.log10(max(swept) / min(swept))


def test_a_sweep_has_seven_rates_over_three_decades_and_hits_an_even_grid_again() -> None:
    wide = sweep_rates(rate_parameter(), "learning_rate", 0.01, rates(count=5))
    assert len(wide) == 7
    assert decades(wide) == pytest.approx(3.0)
    assert {0.001, 0.01, 0.1} <= set(wide)
    probed = rates(1e-3, 1.0, count=5)
    finer = sweep_rates(rate_parameter(1e-3, 1.0), "learning_rate", probed[2], probed)
    assert len(finer) == 9
    assert set(probed) <= set(finer)


@pytest.mark.parametrize("high", [0.02, 0.1, 1.0])
def test_a_sweep_stays_within_theory_and_keeps_its_width(high: float) -> None:
    parameter = rate_parameter(1e-4, 0.01, natural=NaturalLimits(high=high))
    swept = sweep_rates(parameter, "learning_rate", 0.01, rates(1e-4, 0.01, count=5))
    assert max(swept) <= high
    assert len(swept) == 7
    assert decades(swept) == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("wider", "expected"), [((1e-4, 10.0), (1.78, 10.0)), ((1e-5, 1.0), (1e-5, 5.62e-5))]
)
def test_rates_beyond_an_end_reach_to_the_new_one(
    wider: tuple[float, float], expected: tuple[float, float]
) -> None:
    found = beyond(rate_parameter(), rate_parameter(*wider), 4)
    assert len(found) == 4
    assert (min(found), max(found)) == pytest.approx(expected, rel=0.01)
