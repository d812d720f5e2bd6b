"""The bracket: what checks have shown narrows what may be asked, and never widens again."""

from dataclasses import replace

from app.domain.space import FixedValue
from app.planning.levels import Bracket, known_bracket
from app.planning.walks import walk_down, walk_up
from app.policy.facts import StudyFacts
from tests.unit.planning.cases import advice_on, answer, case_of, tune_round, usual_study
from tests.unit.policy.builders import valley


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
