"""What the adviser proposes can run: schedules fit, boxes can be sampled, no point comes twice."""

from dataclasses import replace

import pytest

from app.domain.errors import InvalidDefinition
from app.domain.rounds import Point
from app.domain.schedules import Names, ScheduleDefinition, resolve
from app.domain.space import ParameterType, Role, Scale, point_key
from app.domain.studies import (
    AutoHorizon,
    AutoSteps,
    Binding,
    Job,
    SamplerDefinition,
    TrainingMetric,
    Workload,
)
from app.planning.old_boxes import boxes_to_skip
from app.planning.rounds import first_round, found_tune_round, longest_warmup_steps
from app.planning.widen import new_bounds
from app.policy.engine import admit_round
from app.services.round_plan import Start, plan_round
from tests.unit.planning.cases import advice_on, study_of, tune_round
from tests.unit.policy.builders import definition, number, rate_parameter, round_facts, sweep

PERFECT = TrainingMetric("train_error", perfect=0.0)


def scheduled(kind: str, **numbers: object) -> ScheduleDefinition:
    return ScheduleDefinition(kind=kind, peak="learning_rate", **numbers)  # type: ignore[arg-type]  # a test's numbers


def test_a_typed_share_of_decay_is_cut_to_what_the_warmup_leaves() -> None:
    study = definition(schedule=scheduled("sqrt", warmup_steps=50, decay_fraction=0.2))
    found = found_tune_round(study, 51)
    schedule = resolve(found.schedule, Names(found.parameters, {}), {"learning_rate": 0.1}, 51)
    assert (schedule.warmup_steps, schedule.decay_steps) == (50, 1)


def test_a_searched_decay_is_cut_to_what_the_longest_warmup_leaves() -> None:
    box = {
        "learning_rate": rate_parameter(),
        "warmup": number(0, 80, role=Role.WARMUP),
        "decay": number(1, 90, role=Role.SCHEDULE),
    }
    given = scheduled("linear", warmup_steps="warmup", decay_steps="decay")
    found = found_tune_round(definition(parameters=box, schedule=given), 100)
    assert (found.parameters["warmup"].high, found.parameters["decay"].high) == (80, 20)


@pytest.mark.parametrize("horizon_steps", [1, 8, 32, 50, 51])
def test_no_found_round_is_all_warmup(horizon_steps: int) -> None:
    found = found_tune_round(
        definition(schedule=scheduled("cosine", warmup_steps=50)), horizon_steps
    )
    assert found.schedule.warmup_steps in range(horizon_steps), "HZN105 refuses the whole of it"


def test_a_warmup_longer_than_the_sweep_is_known_in_full() -> None:
    assert longest_warmup_steps(definition(schedule=scheduled("cosine", warmup_steps=50))) == 50


def test_a_search_does_not_begin_with_a_schedule_that_no_tune_round_could_have() -> None:
    study = definition(
        max_train_steps=AutoHorizon(AutoSteps(16, 64)),
        training_metric=PERFECT,
        schedule=scheduled("exponential"),
        job=Job(command=("python", "train.py")),
    )
    with pytest.raises(InvalidDefinition, match="final_fraction above 0"):
        first_round(study)


def test_a_tiny_rate_lies_outside_of_a_log_range_that_begins_above_it() -> None:
    box = rate_parameter(3e-11, 3.6)
    assert not box.contains(1e-11)
    assert box.contains(3e-11 * (1 - 1e-12))


@pytest.mark.parametrize("widenings", [1, 2, 3])
def test_a_linear_rate_that_is_widened_towards_zero_can_still_be_sampled(widenings: int) -> None:
    box = rate_parameter(0.01, 1.0, scale=Scale.LINEAR, step=0.01)
    study = definition(parameters={"learning_rate": box})
    rounds = []
    for i in range(widenings):
        rounds.append(round_facts(study, sweep(study, lambda _: 0.5, [box.bounds[0]]), i + 1))
        rounds[-1] = replace(
            rounds[-1], definition=replace(rounds[-1].definition, parameters={"learning_rate": box})
        )
        box = new_bounds(box, "learning_rate", "low")
    wider = replace(
        rounds[-1].definition,
        parameters={"learning_rate": box},
        sampler=SamplerDefinition(),
        trials=4,
    )
    plan = plan_round(wider, Start(0, boxes_to_skip(study_of(study, *rounds), wider)))
    assert len(plan.trials) == 4


def test_a_variant_that_is_a_winner_runs_once_and_as_the_winner_that_it_is() -> None:
    study = definition(
        workload=Workload.COMPUTE_BOUND,
        production_steps=4000,
        parameters={"learning_rate": rate_parameter(0.0025, 0.16)},
    )
    rates = [0.0025 * 2**i for i in range(7)]
    advice = advice_on(study_of(study, tune_round(study, over=rates)))
    assert advice.proposal is not None
    points = advice.proposal.points
    keys = [point_key(p.params) for p in points]
    assert len(keys) == len(set(keys))
    winners = {w.trial_id for w in advice.promote}
    same = {p.origin.trial_id for p in points if p.origin and p.origin.relation == "same"}
    assert same == winners


def test_an_int_parameter_stays_whole_when_it_is_cut() -> None:
    warmup = replace(number(0, 80, role=Role.WARMUP), type=ParameterType.INT)
    box = {"learning_rate": rate_parameter(), "warmup": warmup}
    study = definition(parameters=box, schedule=scheduled("cosine", warmup_steps="warmup"))
    found = found_tune_round(study, 20).parameters["warmup"]
    assert found.value_at(1.0) == 19


def test_a_point_with_a_warmup_of_its_own_is_judged_by_that() -> None:
    box = {"learning_rate": rate_parameter(), "warmup": number(0, 80, role=Role.WARMUP)}
    given = scheduled("cosine", warmup_steps="warmup")
    study = definition(parameters=box, schedule=given)
    point = Point({"learning_rate": 0.1, "warmup": 80.0}, schedule=replace(given, warmup_steps=36))
    check = replace(found_tune_round(study, 37), trials=None, points=(point,))
    assert not [
        v
        for v in admit_round(study_of(study), check)
        if v.binding is Binding.ENFORCE and v.verdict == "finding"
    ]
    plain = replace(check, points=(replace(point, schedule=None),))
    codes = [v.code for v in admit_round(study_of(study), plain) if v.verdict == "finding"]
    assert "HZN105" in codes
