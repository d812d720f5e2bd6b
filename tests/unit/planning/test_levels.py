"""The bracket: what checks have shown narrows what may be asked, and never widens again."""

from dataclasses import replace

import pytest

from app.domain.space import FixedValue
from app.planning.levels import Bracket, Level, gain_of_luck, has_paid, known_bracket
from app.planning.walks import walk_down, walk_up
from app.policy.facts import StudyFacts
from tests.unit.planning.cases import (
    advice_on,
    answer,
    case_of,
    study_of,
    tune_round,
    usual_study,
)
from tests.unit.policy.builders import definition, valley


def accepted_study() -> StudyFacts:
    """1,000 steps: 250 were worse, 2,000 no better."""
    study = usual_study()
    study = answer(study, valley(0.01, floor=0.3), advice_on(study), 2)
    return answer(study, valley(0.01), advice_on(study), 3)


def with_tune_at(study: StudyFacts, horizon: int, **changes: object) -> StudyFacts:
    tuned = tune_round(study.definition, 4, max_train_steps=horizon, **changes)
    return replace(study, rounds=(*study.rounds, tuned))


def test_a_worse_quarter_and_an_unpaid_double_bound_the_horizon() -> None:
    assert known_bracket(case_of(accepted_study())) == Bracket(250, 2000)


def test_what_paid_makes_every_shorter_horizon_too_short() -> None:
    study = usual_study()
    study = answer(study, valley(0.01, floor=0.3), advice_on(study), 2)
    study = answer(study, valley(0.01, floor=0.05), advice_on(study), 3)
    assert known_bracket(case_of(study)) == Bracket(1000, None)


def test_a_round_written_by_hand_is_not_checked_beyond_the_bracket() -> None:
    longer = case_of(with_tune_at(accepted_study(), 1400))
    assert walk_up(longer).ask_steps is None  # 2,800 lies beyond 2,000
    assert walk_down(longer).ask_steps == 350
    shorter = case_of(with_tune_at(accepted_study(), 800))
    assert walk_down(shorter).ask_steps is None  # 200 lies below 250
    assert walk_up(shorter).ask_steps == 1600


def test_what_was_learned_on_other_data_bounds_nothing() -> None:
    for changed in ({"tags": {"data": "v2"}}, {"fixed": {"batch": FixedValue(8)}}):
        moved = with_tune_at(accepted_study(), 800, **changed)
        assert known_bracket(case_of(moved)) == Bracket(0, None)


def noisy_level(horizon: int, value: float, sigma: float) -> Level:
    """Nine rates that all end at `value` after `horizon` steps, evaluated every 20 steps."""
    study = definition(max_train_steps=horizon, evaluate_every_steps=20)
    facts = case_of(study_of(study, tune_round(study, value_of=lambda _: value))).facts
    known = replace(facts, noise=replace(facts.noise, eval=sigma))
    return Level(horizon, known, {c.point_key: value for c in facts.configurations})


def test_more_evaluations_of_a_flat_noisy_curve_do_not_pay_by_themselves() -> None:
    longer, shorter = noisy_level(2000, 0.498, 0.01), noisy_level(1000, 0.5, 0.01)
    luck = gain_of_luck(longer, shorter)
    assert luck == pytest.approx(0.01 * (2.51 - 2.25), abs=1e-4)  # the best of 100 and of 50
    assert not has_paid(longer, shorter, eps=0.005)  # 0.002 gained: less than luck gives
    assert has_paid(replace(longer, values=dict.fromkeys(longer.values, 0.496)), shorter, eps=0.005)
    assert has_paid(longer, noisy_level(1000, 0.5, 0.0), eps=0.005)  # without noise it is a gain


def test_as_many_evaluations_at_both_horizons_leave_no_luck() -> None:
    shorter = noisy_level(1000, 0.5, 0.01)
    assert gain_of_luck(noisy_level(1000, 0.5, 0.01), shorter) == 0.0
