"""The whole way, hands-free: to the right box and horizon, and always to an end."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.rounds import Action, Purpose
from app.domain.studies import Workload
from app.planning.study_best import study_best
from tests.unit.planning.simulated import (
    MOST_ROUNDS,
    RIGHT_HORIZON,
    TOLERANCE,
    Played,
    Problem,
    play,
    study_definition,
)

RIGHT_BOX = (1e-3, 0.9)
TOO_LOW = (1e-6, 1e-3)
TOO_HIGH = (0.15, 30.0)
STARTS = {
    "nothing wrong": (*RIGHT_BOX, RIGHT_HORIZON),
    "rates too low": (*TOO_LOW, RIGHT_HORIZON),
    "rates too high": (*TOO_HIGH, RIGHT_HORIZON),
    "horizon too short": (*RIGHT_BOX, RIGHT_HORIZON // 8),
    "horizon too long": (*RIGHT_BOX, RIGHT_HORIZON * 16),
    "rates too low and horizon too short": (*TOO_LOW, RIGHT_HORIZON // 8),
}


def regret_of(played: Played, problem: Problem) -> float:
    """How far the truth of what the study names lies from the best possible, in tolerances."""
    best = study_best(played.study)
    assert best is not None
    trial = next(t for r in played.study.rounds for t in r.trials if t.trial_id == best.trial_id)
    rate = float(trial.params["learning_rate"])
    return (problem.truth(rate, trial.max_train_steps) - 0.1) / TOLERANCE


@pytest.mark.parametrize("start", STARTS)
def test_every_start_ends_at_the_right_rate_and_horizon(start: str) -> None:
    problem = Problem()
    played = play(study_definition(*STARTS[start]), problem)
    assert played.end == "finished"
    assert regret_of(played, problem) <= 1
    assert RIGHT_HORIZON / 4 <= played.horizons[-1] <= RIGHT_HORIZON * 4


def test_a_horizon_sixteen_times_too_long_is_reduced() -> None:
    played = play(study_definition(*STARTS["horizon too long"]), Problem())
    assert Action.REDUCE_HORIZON in played.actions


def test_a_horizon_eight_times_too_short_is_extended() -> None:
    played = play(study_definition(*STARTS["horizon too short"]), Problem())
    assert Action.EXTEND_HORIZON in played.actions


@settings(max_examples=15, deadline=None)
@given(
    start=st.sampled_from(sorted(STARTS)),
    noise=st.sampled_from([0.0, 0.001, 0.01, 0.05]),
    speed=st.floats(5.0, 500.0),
)
def test_a_study_always_ends_and_never_goes_to_and_fro(
    start: str, noise: float, speed: float
) -> None:
    played = play(study_definition(*STARTS[start]), Problem(speed, noise))
    assert len(played.study.rounds) < MOST_ROUNDS
    moves = [longer > shorter for shorter, longer in pairwise(played.horizons)]
    assert sum(one != other for one, other in pairwise(moves)) <= 1
    checked = [
        (r.definition.checks, r.definition.max_train_steps)
        for r in played.study.rounds
        if r.definition.purpose is Purpose.CHECK
    ]
    assert len(checked) == len(set(checked))


def test_a_compute_bound_study_climbs_to_its_production_length() -> None:
    study = study_definition(*RIGHT_BOX, 64, workload=Workload.COMPUTE_BOUND, production_steps=512)
    played = play(study, Problem(200.0))
    assert played.actions == [Action.PROMOTE, Action.FINISH]
    assert played.horizons == [64, 512]
