"""What a study names as its best trial."""

from dataclasses import replace

import pytest

from app.domain.rounds import Purpose
from app.domain.studies import Direction, Objective
from app.planning.study_best import study_best
from tests.unit.planning.cases import study_of, tune_round, usual_study
from tests.unit.policy.builders import definition, falling, rate_trial, round_facts


def test_nothing_measured_names_nothing() -> None:
    assert study_best(study_of(definition())) is None


def test_before_a_final_round_the_best_so_far_is_named_in_the_users_direction() -> None:
    best = study_best(usual_study())
    assert best is not None
    assert best.value == pytest.approx(0.1, abs=1e-3)
    maximised = usual_study(objective=Objective("accuracy", Direction.MAXIMIZE))
    named = study_best(maximised)
    assert named is not None
    assert named.value == -best.value


def test_a_diverged_trial_is_named_only_while_there_is_no_other() -> None:
    study = definition()
    dead = rate_trial(study, 0.5, [0.01, float("nan")])
    alone = study_of(study, round_facts(study, (dead,)))
    both = study_of(study, round_facts(study, (dead, rate_trial(study, 0.1, [0.5, 0.4]))))
    named, other = study_best(alone), study_best(both)
    assert named is not None
    assert named.trial_id == dead.trial_id
    assert other is not None
    assert other.value == 0.4


def test_after_a_final_round_the_best_mean_wins_over_the_luckiest_run() -> None:
    study = definition(seeds=(0, 1, 2))
    lucky = [(0.02, [0.05, 0.5, 0.5]), (0.01, [0.2, 0.2, 0.21])]
    trials = tuple(
        rate_trial(study, rate, falling(v), seed=s)
        for rate, values in lucky
        for s, v in enumerate(values)
    )
    tune = round_facts(study, [t for t in trials if t.seed == 0], 1)
    final = round_facts(study, [t for t in trials if t.seed], 2, purpose=Purpose.FINAL)
    numbered = replace(
        final, trials=tuple(replace(t, trial_id=f"final-{i}") for i, t in enumerate(final.trials))
    )
    best = study_best(study_of(study, tune, numbered))
    assert best is not None
    assert best.value == pytest.approx(0.2, abs=1e-3)


def test_the_luckiest_run_of_a_check_is_not_named_after_a_final_round() -> None:
    study = usual_study()
    check = tune_round(study.definition, 2, value_of=lambda _: 0.01, max_train_steps=4000)
    final = tune_round(study.definition, 3, purpose=Purpose.FINAL, seed=1, seeds=(1,))
    best = study_best(study_of(study.definition, *study.rounds, check, final))
    assert best is not None
    assert best.value == pytest.approx(0.1, abs=1e-2)
