"""How far up the next round lies: known horizons, production, or a geometric step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.rounds import Purpose
from app.domain.studies import Limits, Workload
from app.planning.growth import is_top_stable, next_horizon
from app.planning.ladders import ladder, next_step
from app.policy.facts import StudyFacts
from tests.unit.planning.cases import case_of, study_of, tune_round, verdict
from tests.unit.policy.builders import definition, rates, valley

CLIMB = {"workload": Workload.COMPUTE_BOUND, "production_steps": 1_000_000}


def climbed(*horizons: int, **changes: object) -> StudyFacts:
    """Reviewed tune rounds of the same nine rates at these horizons."""
    study = definition(**{**CLIMB, **changes})
    rounds = [tune_round(study, n, max_train_steps=h) for n, h in enumerate(horizons, 1)]
    return study_of(study, *rounds)


def is_stable(study: StudyFacts, pairs: int, state: str = "holds", re_run: int = 9) -> bool:
    """With PRM602 saying so of every round about its `re_run` worst configurations."""
    trials = [t for r in study.rounds for t in r.trials]
    ids = tuple(
        t.trial_id for t in trials if t.params["learning_rate"] in [*rates()][::-1][:re_run]
    )
    evidence = {"state": state, "pairs": pairs}
    said = verdict("PRM602", "clear", evidence=evidence, trial_ids=ids)
    return is_top_stable(case_of(study, said))


@pytest.mark.parametrize(("pairs", "expected"), [(5, False), (6, True)])
def test_one_horizon_with_six_pairs_that_hold_is_enough(pairs: int, expected: bool) -> None:
    assert is_stable(climbed(1000), pairs) is expected


def test_two_horizons_in_a_row_with_fewer_pairs_are_enough() -> None:
    assert is_stable(climbed(1000, 4000), 2)


@pytest.mark.parametrize("state", ["weak", "broken"])
def test_ranks_that_do_not_hold_are_never_stable(state: str) -> None:
    assert not is_stable(climbed(1000, 4000), 9, state)


def test_a_better_point_that_was_first_tried_here_says_that_the_top_still_moves() -> None:
    assert is_stable(climbed(1000), 6, re_run=9)
    assert not is_stable(climbed(1000), 6, re_run=4), "the best rate, 0.01, came from nowhere below"


def test_a_study_whose_ranks_nobody_compared_is_not_stable() -> None:
    assert not is_top_stable(case_of(climbed(1000, 4000)))


def test_growth_shares_what_is_left_among_the_horizons_that_the_limit_allows() -> None:
    assert next_horizon(case_of(climbed(1000, limits=Limits(rounds=4)))) == 10_000
    assert next_horizon(case_of(climbed(1000, limits=Limits(rounds=3)))) == 31_623
    assert next_horizon(case_of(climbed(1000, 5000, limits=Limits(rounds=4)))) == 70_711


def test_an_earlier_horizon_climbs_to_the_next_one_that_is_there() -> None:
    study = climbed(1000, 30_000, 200_000, limits=Limits(rounds=9))
    late = tune_round(study.definition, 4, max_train_steps=1000, value_of=valley(0.03))
    assert next_horizon(case_of(study_of(study.definition, *study.rounds, late))) == 30_000


def test_check_rounds_are_no_horizons_to_climb_to() -> None:
    study = climbed(1000, limits=Limits(rounds=4))
    check = tune_round(study.definition, 2, max_train_steps=2000, purpose=Purpose.CHECK, checks=1)
    assert next_horizon(case_of(study_of(study.definition, *study.rounds, check))) == 10_000


@pytest.mark.parametrize(("left", "expected"), [(1, 900), (2, 900)])
def test_production_within_ten_times_comes_at_once(left: int, expected: int) -> None:
    assert next_step(100, 900, left) == expected


@given(st.integers(1, 10**6), st.integers(1, 10**9), st.integers(1, 10))
def test_every_ladder_grows_strictly_to_production_within_its_rounds(
    shortest: int, production: int, rounds: int
) -> None:
    horizons = ladder(shortest, production, rounds)
    assert list(horizons) == sorted(set(horizons))
    assert horizons[-1] == production
    assert len(horizons) <= max(2, rounds)


def test_a_ladder_has_at_most_the_rounds_it_may_have_and_never_stands_still() -> None:
    assert ladder(64, 64_000, 6) == (64, 255, 1015, 4040, 16080, 64_000)
    assert ladder(64, 64_000, 2) == (64, 64_000)
    assert ladder(64, 64, 6) == (64,)
