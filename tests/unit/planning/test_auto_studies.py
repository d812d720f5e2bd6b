"""Hands-free studies with `max_train_steps: auto`, played to their end on a known problem."""

from dataclasses import replace
from itertools import pairwise

import pytest

from app.domain.rounds import Action, Purpose, Relation
from app.domain.space import FixedValue, NaturalLimits, Role
from app.domain.studies import AutoHorizon, AutoSteps, Limits, TrainingMetric
from app.planning.rounds import first_round, rounds_cost
from tests.unit.planning.simulated import RIGHT_HORIZON, Played, Problem, play, study_definition
from tests.unit.policy.builders import rate_parameter

PERFECT = TrainingMetric("train_error", perfect=0.0, tolerance=0.001)
FITTING = Problem(fits_at=1000)  # steps at a rate of 0.03; at 1, the highest stable one, 30


def auto(low: float, high: float, problem: Problem, cap: int = 4096, **changes: object) -> Played:
    typed = AutoHorizon(AutoSteps(16, cap))
    given = {"training_metric": PERFECT, **changes}
    return play(study_definition(low, high, typed, **given), problem)  # type: ignore[arg-type]  # auto is no number


def rounds_of(played: Played, *purposes: Purpose) -> list[int]:
    rounds = played.study.rounds
    return [r.definition.max_train_steps for r in rounds if r.definition.purpose in purposes]


def test_it_probes_doubles_sweeps_sets_tunes_checks_and_finishes() -> None:
    played = auto(1e-3, 1.0, FITTING)
    assert played.end == "finished"
    assert rounds_of(played, Purpose.PROBE) == [16, 32]
    assert rounds_of(played, Purpose.LR_SWEEP) == [32]
    begun = [Action.DOUBLE_PROBE, Action.COLLECT_EVIDENCE, Action.SET_INITIAL_HORIZON]
    assert played.actions[:3] == begun
    assert played.actions[-2:] == [Action.PROMOTE, Action.FINISH]
    assert played.horizons[-1] == RIGHT_HORIZON


def test_a_range_that_is_far_too_low_costs_a_few_probes_and_not_the_horizon() -> None:
    played = auto(1e-5, 1e-3, FITTING, cap=65_536)
    assert max(rounds_of(played, Purpose.PROBE)) <= 1024, "alone, these rates need 30,000 steps"
    third = played.study.rounds[3].definition
    rates = sorted(float(p.params["learning_rate"]) for p in third.points if p.origin is None)
    assert rates == pytest.approx([1e-3 * 10**0.5, 1e-2], rel=1e-3)
    assert third.parameters["learning_rate"].bounds == (1e-5, rates[-1])
    set_at = played.actions.index(Action.SET_INITIAL_HORIZON)
    assert played.advice[set_at].max_train_steps.recommended < 64
    tune = played.advice[set_at].proposal
    assert tune is not None
    assert tune.parameters["learning_rate"].bounds[1] >= 0.1, "it reaches to the fastest rate"
    assert played.end == "finished"


def test_a_fit_that_comes_too_early_to_be_located_is_swept_again_closer() -> None:
    typed = AutoHorizon(AutoSteps(8192, 65_536))
    definition = study_definition(1e-3, 1.0, 1, training_metric=PERFECT)
    played = play(replace(definition, max_train_steps=typed), FITTING)
    sweeps = rounds_of(played, Purpose.LR_SWEEP)
    assert sweeps[0] == 8192
    assert sweeps[-1] < 1024
    set_at = played.actions.index(Action.SET_INITIAL_HORIZON)
    assert played.advice[set_at].max_train_steps.recommended < 64


def test_where_every_probe_diverges_lower_rates_are_probed() -> None:
    played = auto(2.0, 200.0, FITTING)
    assert played.actions[0] is Action.WIDEN_SEARCH_SPACE
    lower = played.study.rounds[1].definition
    assert lower.purpose is Purpose.PROBE
    assert max(float(p.params["learning_rate"]) for p in lower.points) < 2.0
    assert Action.SET_INITIAL_HORIZON in played.actions


def test_what_is_never_fitted_is_treated_as_compute_bound_and_a_person_is_asked() -> None:
    played = auto(1e-3, 1.0, Problem(), cap=100)
    assert rounds_of(played, Purpose.PROBE) == [16, 32, 64, 100]
    assert played.actions[-1] is Action.TREAT_AS_COMPUTE_BOUND
    assert played.advice[-1].proposal is None
    assert "production_steps" in played.advice[-1].sentence


def test_at_the_cap_rates_beyond_the_closest_end_are_probed_before_giving_up() -> None:
    played = auto(1e-4, 1e-2, FITTING, cap=64)
    beyond = next(r for r in played.study.rounds if r.action is Action.WIDEN_SEARCH_SPACE)
    assert (beyond.definition.purpose, beyond.definition.max_train_steps) == (Purpose.PROBE, 64)
    assert min(float(p.params["learning_rate"]) for p in beyond.definition.points) > 1e-2
    assert Action.SET_INITIAL_HORIZON in played.actions
    assert Action.TREAT_AS_COMPUTE_BOUND not in played.actions


def test_the_limits_end_the_doubling_before_they_are_broken() -> None:
    played = auto(1e-3, 1.0, Problem(), limits=Limits(total_steps=400))
    assert rounds_of(played, Purpose.PROBE) == [16, 32, 64]
    assert played.actions[-1] is Action.TREAT_AS_COMPUTE_BOUND
    assert "limits" in played.advice[-1].sentence


def test_with_production_steps_the_climb_begins_at_the_planners_first_horizon() -> None:
    played = auto(1e-3, 1.0, Problem(), cap=64, production_steps=2000)
    assert Action.TREAT_AS_COMPUTE_BOUND in played.actions
    assert rounds_of(played, Purpose.TUNE)[0] == 200
    assert played.study.rounds[3].definition.purpose is Purpose.TUNE


@pytest.mark.parametrize("start", [16, 50, 51, 77, 500])
@pytest.mark.parametrize("fits_at", [500, 3000])
def test_all_probes_resume_and_the_costs_add_up(start: int, fits_at: int) -> None:
    problem = Problem(fits_at=fits_at)
    definition = study_definition(1e-3, 1.0, 1, training_metric=PERFECT)
    definition = replace(definition, max_train_steps=AutoHorizon(AutoSteps(start, 65_536)))
    played = play(definition, problem)
    probes = [r for r in played.study.rounds if r.definition.purpose is Purpose.PROBE]
    assert probes[0].definition == first_round(definition)
    for shorter, longer in pairwise(probes):
        assert all((p.resume is None) == (p.origin is None) for p in longer.definition.points)
        relations = {p.origin.relation for p in longer.definition.points if p.origin}
        assert relations == {Relation.SAME}
        assert longer.definition.interval_steps % shorter.definition.interval_steps == 0
    for ran in played.study.rounds:
        cost = rounds_cost(ran.definition)
        whole = len(ran.trials) * ran.definition.max_train_steps
        assert cost.steps + cost.saved_by_reuse_steps == whole
    ended = {t.point_key: t.max_train_steps for r in probes for t in r.trials}
    total = sum(rounds_cost(r.definition).steps for r in probes)
    assert total == sum(ended.values()), "no step of a probe is trained twice"


def test_a_sweep_repeats_the_probes_rates_for_next_to_nothing() -> None:
    played = auto(1e-3, 1.0, FITTING)
    sweep = next(r.definition for r in played.study.rounds if r.action is Action.COLLECT_EVIDENCE)
    again = [p for p in sweep.points if p.resume]
    assert len(again) >= 3
    assert {p.resume.step for p in again if p.resume} == set(sweep.checkpoint_steps)


def test_what_slows_training_is_off_in_probe_and_sweep_and_on_in_the_tune_round() -> None:
    fixed = {"dropout": FixedValue(0.2, Role.REGULARIZATION)}
    played = auto(1e-3, 1.0, FITTING, fixed=fixed)
    searching = [
        r.definition
        for r in played.study.rounds
        if r.definition.purpose in (Purpose.PROBE, Purpose.LR_SWEEP)
    ]
    assert {d.fixed["dropout"].value for d in searching} == {0.0}
    advice = played.advice[played.actions.index(Action.SET_INITIAL_HORIZON)]
    assert advice.proposal is not None
    assert advice.proposal.fixed == fixed
    fastest = advice.max_train_steps.recommended
    assert advice.proposal.max_train_steps == max(32, round(1.5 * fastest))
    assert any(r.code == "WRK502" and "dropout" in r.message for r in advice.reasons)


def test_a_sweep_that_theory_keeps_narrow_is_not_asked_for_forever() -> None:
    rate = rate_parameter(1e-2, 0.5, natural=NaturalLimits(low=5e-3, high=0.5))
    played = auto(1e-2, 0.5, FITTING, parameters={"learning_rate": rate})
    assert played.actions.count(Action.COLLECT_EVIDENCE) == 1
    advice = played.advice[played.actions.index(Action.SET_INITIAL_HORIZON)]
    assert any(r.code == "INI405" for r in advice.reasons)


def test_nobody_is_asked_for_a_sweep_twice_by_the_autopilot() -> None:
    definition = study_definition(1e-3, 1.0, 1, training_metric=PERFECT)
    definition = replace(definition, max_train_steps=AutoHorizon(AutoSteps(64, 64)))
    played = play(definition, FITTING)
    assert played.actions[:2] == [Action.COLLECT_EVIDENCE, Action.SET_INITIAL_HORIZON]
    table = [r.message for r in played.advice[1].reasons if "99 / 99.9 / 100%" in r.message]
    assert len(table) == 1


def test_the_range_of_the_first_horizon_is_the_interval_of_the_hit() -> None:
    played = auto(1e-3, 1.0, FITTING)
    found = played.advice[played.actions.index(Action.SET_INITIAL_HORIZON)].max_train_steps
    assert (found.low, found.recommended, found.high) == (29, 30, 30)
