"""Preprocessing: the setting, divergence, replicates, noise, the competitive set, best so far."""

import math
from dataclasses import replace
from typing import Any  # Any: fields that a test changes

import numpy as np
import pytest

from app.domain.rounds import Origin
from app.domain.schedules import ScheduleDefinition
from app.domain.space import FixedValue
from app.domain.states import TrialState
from app.policy.competitive import competitive_set
from app.policy.facts import Configuration
from app.policy.noise import evaluation_noise
from app.policy.prepare import prepare
from tests.unit.policy import builders as b

STUDY = b.definition()


def two_rounds(study: b.StudyDefinition = STUDY, **changes: Any) -> b.StudyFacts:
    """A round, and a second one whose definition differs by `changes`."""
    first = b.round_facts(study, b.sweep(study, b.valley(0.01)))
    more = b.sweep(study, b.valley(0.01), [0.02, 0.05])
    return b.study_facts(study, first, b.round_facts(study, more, 2, **changes))


def test_earlier_rounds_of_the_setting_are_used() -> None:
    facts = prepare(two_rounds(), 2)
    assert facts.rounds_used == (1, 2)
    assert len(facts.trials) == 11


def test_later_rounds_are_not_used() -> None:
    assert prepare(two_rounds(), 1).rounds_used == (1,)


@pytest.mark.parametrize(
    "changes",
    [
        {"fixed": {"dropout": FixedValue(0.1)}},
        {"tags": {"data": "v2"}},
        {"evaluate_every_steps": 50},
        {"schedule": ScheduleDefinition(kind="linear", peak="learning_rate")},
        {"schedule": ScheduleDefinition(kind="constant", peak="learning_rate", warmup_steps=2)},
    ],
)
def test_another_setting_keeps_earlier_rounds_out(changes: dict[str, Any]) -> None:
    assert prepare(two_rounds(**changes), 2).rounds_used == (2,)


def test_purpose_box_and_seeds_do_not_make_another_setting() -> None:
    changes: dict[str, Any] = {
        "parameters": {"learning_rate": b.rate_parameter(1e-6, 10.0)},
        "seeds": (5,),
    }
    assert prepare(two_rounds(**changes), 2).rounds_used == (1, 2)


def test_schedule_written_differently_is_the_same_setting() -> None:
    study = b.definition(
        schedule=ScheduleDefinition(kind="wsd", peak="learning_rate", decay_fraction=0.2)
    )
    same = ScheduleDefinition(kind="linear", peak="learning_rate", decay_steps=200)
    assert prepare(two_rounds(study, schedule=same), 2).rounds_used == (1, 2)


def test_another_horizon_is_another_setting() -> None:
    study = b.definition()
    first = b.round_facts(study, b.sweep(study, b.valley(0.01)))
    long = b.sweep(study, b.valley(0.01), max_train_steps=2000)
    second = b.round_facts(study, long, 2, max_train_steps=2000)
    assert prepare(b.study_facts(study, first, second), 2).rounds_used == (2,)


def with_loss(ends: list[float], begin: float = 2.0) -> b.StudyFacts:
    study = b.definition()
    made = [
        b.rate_trial(study, rate, b.falling(0.1), loss=np.linspace(begin, end, 50))
        for rate, end in zip(b.rates(count=len(ends)), ends, strict=True)
    ]
    return b.study_facts(study, b.round_facts(study, made))


def test_exploded_loss_is_judged_against_the_better_half() -> None:
    """Three of nine exploded: the spread of all siblings would hide them."""
    ends = [0.1, 0.11, 0.12, 0.13, 0.14, 0.15, 1e30, 50.0, 60.0]
    assert len(prepare(with_loss(ends), 1).diverged) == 3


def test_loss_that_ends_better_than_it_began_has_not_diverged() -> None:
    assert not prepare(with_loss([0.1, 0.11, 0.12, 0.13, 1.9]), 1).diverged


@pytest.mark.parametrize(("end", "count"), [(2.09, 0), (2.11, 1)])
def test_explosion_starts_above_five_percent_of_the_first_value(end: float, count: int) -> None:
    assert len(prepare(with_loss([0.1, 0.11, 0.12, 0.13, end]), 1).diverged) == count


def test_nonfinite_value_means_diverged_whatever_the_state_says() -> None:
    study = b.definition()
    failed = replace(b.exploded(study, 0.5), state=TrialState.FAILED)
    facts = prepare(b.study_facts(study, b.round_facts(study, [failed])), 1)
    assert [t.trial_id for t in facts.diverged] == [failed.trial_id]


def test_failed_censored_and_cancelled_trials_are_no_evidence() -> None:
    study = b.definition()
    fine = b.sweep(study, b.valley(0.01))
    out = [
        replace(fine[0], state=TrialState.FAILED),
        replace(fine[1], censored=True),
        replace(fine[2], state=TrialState.CANCELLED),
        replace(fine[3], state=TrialState.RUNNING),
    ]
    facts = prepare(b.study_facts(study, b.round_facts(study, [*out, *fine[4:]])), 1)
    assert len(facts.configurations) == 5


def replicated(values: list[list[float]]) -> b.StudyFacts:
    """One configuration a list, one seed a value; NaN says diverged."""
    study = b.definition()
    made = [
        b.rate_trial(
            study, rate, [1.0, value] if math.isfinite(value) else [1.0, math.nan], seed=seed
        )
        for rate, bests in zip(b.rates(count=len(values)), values, strict=True)
        for seed, value in enumerate(bests)
    ]
    return b.study_facts(study, b.round_facts(study, made))


def test_replicates_are_one_configuration_with_a_mean() -> None:
    facts = prepare(replicated([[0.1, 0.3], [0.25]]), 1)
    assert [c.best_value for c in facts.configurations] == pytest.approx([0.2, 0.25])


def test_configuration_is_dead_when_half_of_its_seeds_diverged() -> None:
    facts = prepare(replicated([[0.1, math.nan], [0.2, 0.2, math.nan]]), 1)
    assert [len(c.trials) for c in facts.configurations] == [2]
    assert [c.best_value for c in facts.dead] == [math.inf]


def test_seed_noise_comes_from_replicates_else_it_is_assumed() -> None:
    noise = prepare(replicated([[0.10, 0.12], [0.5]]), 1).noise
    assert noise.seed == pytest.approx(np.std([0.10, 0.12], ddof=1))
    assert not noise.is_assumed
    assumed = prepare(replicated([[0.1], [0.5]]), 1).noise
    assert assumed.is_assumed
    assert assumed.seed == pytest.approx(assumed.eval / 2)


def test_same_seed_run_twice_tells_nothing_about_seeds() -> None:
    study = replicated([[0.1], [0.5]])
    again = [replace(t, trial_id=f"{t.trial_id}-again") for t in study.rounds[0].trials]
    doubled = replace(study.rounds[0], trials=(*study.rounds[0].trials, *again))
    assert prepare(replace(study, rounds=(doubled,)), 1).noise.is_assumed


def test_tolerance_of_the_objective_is_the_least_tie() -> None:
    study = b.definition(objective=b.Objective("val_error", tolerance=0.5))
    facts = b.study_facts(study, b.round_facts(study, b.sweep(study, b.valley(0.01))))
    assert prepare(facts, 1).noise.eps == 0.5


def test_noise_of_a_quantised_metric_is_half_its_step() -> None:
    assert evaluation_noise(np.array([0.5, 0.4] + [0.3] * 20)) == pytest.approx(0.05)
    assert evaluation_noise(np.array([0.3] * 20)) == 0.0


def test_noise_of_a_straight_slope_is_only_its_resolution() -> None:
    slope = evaluation_noise(np.linspace(1, 0, 50))
    assert slope == pytest.approx(0.5 / 49, rel=1e-6)


def test_noise_estimates_the_standard_deviation() -> None:
    values = np.random.default_rng(0).normal(0, 0.01, 4000)
    assert evaluation_noise(values) == pytest.approx(0.01, rel=0.05)


def configurations(*values: float) -> list[Configuration]:
    return [Configuration(str(i), {}, (), value, ()) for i, value in enumerate(values)]


@pytest.mark.parametrize(
    ("values", "size"),
    [
        ((), 0),
        ((0.1, 0.5, 0.6), 1),  # under 8: only what ties
        (tuple(0.1 * i for i in range(1, 9)), 4),  # filled up to those no worse than the median
        (tuple(0.1 * i for i in range(1, 12)), 5),
        ((0.1,) * 12, 5),  # at most max(5, n / 4)
        ((0.1,) * 40, 10),
    ],
)
def test_competitive_set_is_tied_then_filled_then_capped(
    values: tuple[float, ...], size: int
) -> None:
    assert len(competitive_set(configurations(*values), 0.01)) == size


def test_best_so_far_follows_whichever_configuration_leads() -> None:
    curves = [[1.0, 0.9, 0.2, 0.2], [0.5, 0.4, 0.4, 0.4]]
    progress = prepare(b.alike(curves), 1).progress
    assert progress.values.tolist() == [0.5, 0.4, 0.2, 0.2]
    assert (progress.at(500), progress.at(10), progress.first_at_most(0.4)) == (0.4, math.inf, 500)


def test_best_so_far_joins_different_evaluation_grids() -> None:
    study = b.definition()
    made = [
        b.rate_trial(study, 0.01, [0.9, 0.3], steps=[500, 1000]),
        b.rate_trial(study, 0.1, [0.8, 0.5, 0.4], steps=[250, 750, 1000]),
    ]
    progress = prepare(b.study_facts(study, b.round_facts(study, made)), 1).progress
    assert progress.steps.tolist() == [250, 500, 750, 1000]
    assert progress.values.tolist() == [0.8, 0.8, 0.5, 0.3]


def test_one_evaluation_at_the_end_is_a_signal_if_trials_differ() -> None:
    assert prepare(b.alike([[0.1], [0.2]]), 1).has_signal
    assert not prepare(b.alike([[0.1], [0.1]]), 1).has_signal


def test_promoted_points_with_a_schedule_of_their_own_stay_in_their_round() -> None:
    study = b.definition()
    odd = b.rate_trial(study, 0.1, b.falling(0.1), origin=Origin(b.TrialId("x")))
    other = replace(odd.schedule, kind="cosine") if odd.schedule else None
    facts = b.study_facts(study, b.round_facts(study, [replace(odd, schedule=other)]))
    assert len(prepare(facts, 1).trials) == 1


def test_best_so_far_begins_where_every_replicate_was_measured() -> None:
    study = b.definition()
    often = b.rate_trial(study, 0.01, [1.0, 0.8, 0.4, 0.2])
    seldom = b.rate_trial(study, 0.01, [0.7, 0.3], seed=1)
    progress = prepare(b.study_facts(study, b.round_facts(study, [often, seldom])), 1).progress
    assert progress.steps.tolist() == [500, 750, 1000]
    assert np.isfinite(progress.values).all()
