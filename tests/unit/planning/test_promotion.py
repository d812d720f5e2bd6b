"""Promotion: how many, which, at which horizon, under which schedule, and what is reused."""

from dataclasses import replace

import pytest

from app.domain.rounds import Purpose, Relation
from app.domain.schedules import ScheduleDefinition
from app.domain.space import Parameter, ParameterType, Role
from app.domain.studies import Limits, Workload
from app.planning.growth import next_horizon
from app.planning.promotion import promote
from app.planning.winners import pick_winners
from app.policy.winners_wanted import next_place_chance, probability_inside, winners_wanted
from tests.unit.planning.cases import advice_on, case_of, study_of, tune_round, usual_study
from tests.unit.policy.builders import (
    definition,
    falling,
    rate_parameter,
    rate_trial,
    rates,
    round_facts,
    trial,
    valley,
)

CLIMB = {"workload": Workload.COMPUTE_BOUND, "production_steps": 8000}


def test_at_least_two_and_at_most_three_of_ten_are_promoted() -> None:
    study = definition()
    clear_cut = study_of(study, tune_round(study, value_of=valley(0.01, depth=5.0)))
    assert len(pick_winners(case_of(clear_cut), 1000)) == 2
    ties = study_of(study, tune_round(study, value_of=lambda _: 0.1, over=rates(count=10)))
    assert winners_wanted(case_of(ties).facts, 1000.0) == 3


def test_a_place_is_taken_while_its_chance_exceeds_its_share_of_the_trials() -> None:
    study = definition()
    tied = {
        n: case_of(
            study_of(study, tune_round(study, value_of=lambda _: 0.1, over=rates(count=n)))
        ).facts
        for n in (20, 50)
    }
    assert next_place_chance(2, 0.0, 0.01, 2.0) == pytest.approx(0.0475, abs=1e-3)
    assert winners_wanted(tied[20], 2.0) == 2  # 4.75% against a share of 5%
    assert winners_wanted(tied[50], 2.0) == 4  # the fifth: 1.2% against 2%


def test_a_place_is_worth_less_the_more_are_taken_and_the_further_it_lies_behind() -> None:
    one_behind = next_place_chance(1, 0.01, 0.01, 10.0)
    assert next_place_chance(2, 0.01, 0.01, 10.0) < one_behind
    assert next_place_chance(1, 0.05, 0.01, 10.0) < one_behind
    assert next_place_chance(1, 0.01, 0.01, 2.0) < one_behind
    assert next_place_chance(1, 0.01, 0.0, 10.0) == 0.0


def test_one_usable_trial_is_promoted_alone_and_none_promotes_nothing() -> None:
    study = definition()
    one = study_of(study, tune_round(study, value_of=lambda r: 0.1 if r == 0.01 else float("inf")))
    assert len(pick_winners(case_of(one), 1000)) == 1
    none = study_of(study, tune_round(study, value_of=lambda _: float("inf")))
    assert pick_winners(case_of(none), 1000) == ()
    assert promote(case_of(none)) is None


def test_leaders_that_improve_unequally_are_promoted_in_number_the_longer_the_climb() -> None:
    study = definition()
    trials = tuple(
        rate_trial(study, r, falling(0.1 + i * 0.01, speed=8.0 + (i % 3) / 2))
        for i, r in enumerate(rates(count=20))
    )
    facts = case_of(study_of(study, round_facts(study, trials))).facts
    assert winners_wanted(facts, 64.0) > winners_wanted(facts, 1.0)


def test_near_repeats_give_way_unless_they_tie() -> None:
    study = definition()
    over = [0.01, 0.0101, 0.1, 1e-4, 1e-3, 0.3, 0.5, 1.0]
    values = dict(zip(over, [0.1, 0.11, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], strict=True))
    near = study_of(study, tune_round(study, value_of=values.__getitem__, over=over))
    chosen = pick_winners(case_of(near), 1000)
    assert [w.configuration.params["learning_rate"] for w in chosen[:2]] == [0.01, 0.1]


def test_neighbours_on_a_fine_grid_are_not_repeats() -> None:
    study = definition()
    over = rates(count=41)  # a fortieth of the range apart
    fine = study_of(study, tune_round(study, value_of=valley(over[20]), over=over))
    chosen = pick_winners(case_of(fine), 1000)
    found = {w.configuration.params["learning_rate"] for w in chosen}
    assert found <= {over[19], over[20], over[21]}


def test_one_place_goes_to_the_best_of_another_architecture() -> None:
    width = Parameter(ParameterType.CATEGORICAL, choices=(32, 64), role=Role.ARCHITECTURE)
    study = definition(parameters={"learning_rate": rate_parameter(), "width": width})
    trials = tuple(
        trial(study, {"learning_rate": r, "width": w}, [1.0, valley(0.01)(r) + w / 10])
        for r in rates()
        for w in (32, 64)
    )
    chosen = pick_winners(case_of(study_of(study, round_facts(study, trials))), 1000)
    assert {w.configuration.params["width"] for w in chosen} == {32, 64}


def test_the_price_of_promoting_few_grows_as_the_horizon_shrinks() -> None:
    assert probability_inside(1, 0.1) == pytest.approx(0.72)
    assert probability_inside(3, 0.5) == pytest.approx(0.97)
    assert probability_inside(3, 0.1) < probability_inside(3, 0.3) < probability_inside(3, 0.5)


@pytest.mark.parametrize(
    ("production", "rounds", "expected"),
    [(10_000, 3, 10_000), (10_001, 3, 3162), (64_000, 2, 64_000), (100_000, None, 10_000)],
)
def test_the_next_horizon_is_production_within_tenfold_else_a_geometric_step(
    production: int, rounds: int | None, expected: int
) -> None:
    study = usual_study(
        workload=Workload.COMPUTE_BOUND, production_steps=production, limits=Limits(rounds=rounds)
    )
    assert next_horizon(case_of(study)) == expected


def test_linear_keeps_its_decay_and_brings_lower_rates_with_the_reason() -> None:
    linear = ScheduleDefinition(kind="linear", peak="learning_rate")
    advice = advice_on(usual_study(schedule=linear, **CLIMB))
    assert advice.proposal is not None
    best = advice.promote[0].trial_id
    points = [p for p in advice.proposal.points if p.origin and p.origin.trial_id == best]
    assert [p.params["learning_rate"] for p in points] == [0.01, 0.005, 0.0025]
    assert all(p.schedule and p.schedule.decay_steps == 1000 for p in points)
    round_schedule = advice.proposal.schedule
    assert (round_schedule.peak, round_schedule.decay_steps) == ("learning_rate", 1000)
    assert [p.schedule.peak for p in points if p.schedule] == [0.01, 0.005, 0.0025]
    assert any("stable only while it decays" in r.message for r in advice.reasons)


def test_other_families_bring_half_and_twice_the_rate_of_the_best() -> None:
    wsd = ScheduleDefinition(kind="wsd", peak="learning_rate", decay_fraction=0.2)
    proposal = advice_on(usual_study(schedule=wsd, **CLIMB)).proposal
    assert proposal is not None
    variants = [p for p in proposal.points if p.origin and p.origin.relation is Relation.VARIANT]
    assert [p.params["learning_rate"] for p in variants] == [0.005, 0.02]
    assert proposal.seeds == (0,)


def test_a_wsd_winner_resumes_where_its_decay_began_and_only_there() -> None:
    wsd = ScheduleDefinition(kind="wsd", peak="learning_rate", decay_fraction=0.2)
    study = definition(schedule=wsd, **CLIMB)
    first = tune_round(study)
    kept = tuple(replace(t, checkpoint_steps=(400, 800, 1000)) for t in first.trials)
    advice = advice_on(study_of(study, replace(first, trials=kept)))
    assert advice.proposal is not None
    assert {p.resume.step for p in advice.proposal.points if p.resume} == {800}
    same = [p for p in advice.proposal.points if p.origin and p.origin.relation is Relation.SAME]
    assert advice.cost.saved_by_reuse_steps == 800 * len(same)


def test_a_cosine_winner_has_nothing_to_reuse() -> None:
    cosine = ScheduleDefinition(kind="cosine", peak="learning_rate")
    study = definition(schedule=cosine, **CLIMB)
    first = tune_round(study)
    kept = tuple(replace(t, checkpoint_steps=(500, 1000)) for t in first.trials)
    advice = advice_on(study_of(study, replace(first, trials=kept)))
    assert advice.cost.saved_by_reuse_steps == 0


def test_a_custom_schedule_is_promoted_without_a_proposal() -> None:
    study = definition(**CLIMB)
    first = tune_round(study)
    custom = tuple(replace(t, schedule=None) for t in first.trials)
    advice = advice_on(study_of(study, replace(first, trials=custom)))
    assert advice.proposal is None
    assert advice.promote


def test_at_production_length_the_winners_run_once_more_under_one_new_seed() -> None:
    study = usual_study(workload=Workload.COMPUTE_BOUND, production_steps=1000)
    proposal = advice_on(study).proposal
    assert proposal is not None
    assert (proposal.purpose, proposal.seeds) == (Purpose.FINAL, (1,))


def test_a_fixed_rate_is_promoted_without_variants() -> None:
    study = definition(
        parameters={"width": Parameter(ParameterType.INT, low=1, high=9)},
        schedule=ScheduleDefinition(kind="constant", peak=0.1),
        **CLIMB,
    )
    trials = tuple(trial(study, {"width": w}, [1.0, 0.5 + w / 10]) for w in range(1, 9))
    proposal = advice_on(study_of(study, round_facts(study, trials))).proposal
    assert proposal is not None
    assert {p.origin.relation for p in proposal.points if p.origin} == {Relation.SAME}
