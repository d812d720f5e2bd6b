"""Probes double until something fits; the sweep's fastest fit is the horizon."""

from dataclasses import replace
from typing import Any  # Any: a builder forwards whatever field a test wants to set

import numpy as np
import pytest

from app.domain.recommendations import JudgedVerdict
from app.domain.rounds import Action, Purpose
from app.domain.schedules import ScheduleDefinition
from app.domain.space import FixedValue, Role
from app.domain.studies import AutoHorizon, AutoSteps, StudyDefinition, TrainingMetric
from app.planning.adviser import advise
from app.planning.case import open_case
from app.planning.gate import blocking_codes
from app.policy.engine import assess
from app.policy.facts import StudyFacts
from tests.unit.planning.cases import advice_on, edge, study_of, tune_round, verdict
from tests.unit.policy.builders import definition, number, rate_parameter

PERFECT = TrainingMetric("train_error", perfect=0.0, tolerance=0.001)
CLEAR = (verdict("INI403", "clear"), verdict("INI404", "clear"))


def swept(purpose: Purpose, fits_at: int | None, **changes: Any) -> StudyFacts:
    """Nine rates; 0.01 fits from evaluation `fits_at` of 50 on, its neighbours later."""
    typed = changes.pop("max_train_steps", 1000)
    study = definition(training_metric=PERFECT, **changes)
    ran = tune_round(study, purpose=purpose)
    trials = []
    for i, t in enumerate(ran.trials):
        training = np.full(50, 0.5)
        if fits_at is not None and abs(i - 4) <= 1:
            training[fits_at + 5 * abs(i - 4) :] = 0.0
        trials.append(replace(t, training=training, checkpoint_steps=(980, 1000)))
    study = replace(study, max_train_steps=typed)
    return study_of(study, replace(ran, trials=tuple(trials)))


def test_a_probe_that_nothing_fits_is_doubled_and_resumed() -> None:
    advice = advice_on(swept(Purpose.PROBE, None), verdict("INI403"))
    assert advice.action is Action.DOUBLE_PROBE
    assert advice.proposal is not None
    assert advice.proposal.max_train_steps == 2000
    assert {p.resume.step for p in advice.proposal.points if p.resume} == {1000}


@pytest.mark.parametrize(("production", "steps"), [(None, None), (64_000, 6400)])
def test_at_the_cap_the_workload_is_treated_as_compute_bound(
    production: int | None, steps: int | None
) -> None:
    auto = AutoHorizon(AutoSteps(500, 1000))
    study = swept(Purpose.PROBE, None, max_train_steps=auto, production_steps=production)
    advice = advice_on(study, verdict("INI403"))
    assert advice.action is Action.TREAT_AS_COMPUTE_BOUND
    assert (advice.proposal.max_train_steps if advice.proposal else None) == steps
    assert advice.is_decided is (steps is not None)


def test_a_probe_that_fits_is_followed_by_a_sweep_without_augmentation() -> None:
    flips = {"flips": FixedValue("random", Role.AUGMENTATION)}
    advice = advice_on(swept(Purpose.PROBE, 20, fixed=flips), *CLEAR)
    proposal = advice.proposal
    assert proposal is not None
    assert (proposal.purpose, proposal.max_train_steps) == (Purpose.LR_SWEEP, 1000)
    rates = [float(p.params["learning_rate"]) for p in proposal.points]
    assert len(rates) == 7
    assert rates[-1] / rates[0] == pytest.approx(1000)
    assert proposal.fixed["flips"].value == "none"


def test_the_fastest_fit_of_a_sweep_is_the_first_horizon() -> None:
    advice = advice_on(swept(Purpose.LR_SWEEP, 20), *CLEAR)
    assert advice.action is Action.SET_INITIAL_HORIZON
    assert advice.max_train_steps.recommended == 420
    assert advice.proposal is not None
    assert (advice.proposal.purpose, advice.proposal.max_train_steps) == (Purpose.TUNE, 420)


@pytest.mark.parametrize(
    ("later", "steps"),
    [
        ({"drop": FixedValue(0.1, Role.REGULARIZATION)}, 630),
        (
            {
                "drop": FixedValue(0.1, Role.REGULARIZATION),
                "flips": FixedValue("random", Role.AUGMENTATION),
            },
            840,
        ),
        ({"drop": FixedValue(0.0, Role.REGULARIZATION)}, 420),
        ({"batch": FixedValue(8, Role.BATCH_SIZE)}, 840),  # the law says x1 to x4
    ],
)
def test_what_slows_training_multiplies_the_proposal_and_not_the_number(
    later: dict[str, FixedValue], steps: int
) -> None:
    off = {
        "drop": FixedValue(0.0, Role.REGULARIZATION),
        "flips": FixedValue("none", Role.AUGMENTATION),
        "batch": FixedValue(32, Role.BATCH_SIZE),
    }
    study = swept(Purpose.LR_SWEEP, 20, fixed=off)
    study = replace(study, definition=replace(study.definition, fixed=off | later))
    advice = advice_on(study, *CLEAR)
    assert advice.max_train_steps.recommended == 420
    assert advice.proposal is not None
    assert advice.proposal.max_train_steps == steps
    told = [r.message for r in advice.reasons if r.code == "WRK502"]
    assert all(name in told[0] for name in later) if steps > 420 else not told


def test_searched_dropout_multiplies_the_proposal_too() -> None:
    space = {
        "learning_rate": rate_parameter(),
        "drop": number(0.1, 0.5, role=Role.REGULARIZATION),
    }
    study = swept(Purpose.LR_SWEEP, 20)
    study = replace(study, definition=replace(study.definition, parameters=space))
    advice = advice_on(study, *CLEAR)
    assert advice.proposal is not None
    assert advice.proposal.max_train_steps == 630


@pytest.mark.parametrize(
    ("found", "action"),
    [
        ((verdict("INI405"), *CLEAR), Action.COLLECT_EVIDENCE),
        ((replace(edge("low"), code="INI404"), CLEAR[0]), Action.WIDEN_SEARCH_SPACE),
    ],
)
def test_a_sweep_that_cannot_be_trusted_is_done_again(
    found: tuple[JudgedVerdict, ...], action: Action
) -> None:
    advice = advice_on(swept(Purpose.LR_SWEEP, 20), *found)
    assert advice.action is action
    assert advice.proposal is not None
    assert advice.proposal.purpose is Purpose.LR_SWEEP


def test_a_widened_sweep_adds_rates_beyond_its_end_three_times_at_most() -> None:
    study, narrow = swept(Purpose.LR_SWEEP, 20), (replace(edge("high"), code="INI404"), CLEAR[0])
    for count in range(2, 6):
        advice = advice_on(study, *narrow)
        proposal = advice.proposal
        assert advice.action is Action.WIDEN_SEARCH_SPACE
        assert proposal is not None
        _, high = study.rounds[-1].definition.parameters["learning_rate"].bounds
        assert min(float(p.params["learning_rate"]) for p in proposal.points) > high
        assert proposal.trials is None
        assert advice.is_decided is (count < 5)
        ran = replace(study.rounds[0], number=count, definition=proposal, action=advice.action)
        study = replace(study, rounds=(*study.rounds, ran))


@pytest.mark.parametrize("code", ["INI401", "INI402"])
def test_a_sweep_of_the_wrong_kind_never_sets_a_horizon(code: str) -> None:
    schedule = ScheduleDefinition("cosine", peak="learning_rate")
    drop = {"drop": FixedValue(0.1, Role.REGULARIZATION)}
    wrong = {"schedule": schedule} if code == "INI401" else {"fixed": drop}
    study = swept(Purpose.LR_SWEEP, 20, **wrong)
    advice = advise(study, {1: assess(study, 1)}, 1)
    assert advice.action is Action.COLLECT_EVIDENCE
    assert code in {r.code for r in advice.reasons}
    assert advice.proposal is not None
    assert advice.proposal.schedule.kind == "constant"
    assert not any(p.resume for p in advice.proposal.points), "a run of another kind is no prefix"
    case = open_case(study, {1: assess(study, 1)}, 1)
    assert blocking_codes(case, Action.SET_INITIAL_HORIZON) == (code,)


@pytest.mark.parametrize("has_loss", [True, False])
def test_where_every_loss_rises_lower_rates_are_probed_although_nothing_is_infinite(
    has_loss: bool,
) -> None:
    study = swept(Purpose.PROBE, None)
    rising = np.linspace(2.0, 5.0, 50)
    trials = study.rounds[0].trials
    ran = tuple(
        replace(t, loss=rising) if has_loss else replace(t, training=rising) for t in trials
    )
    study = replace(study, rounds=(replace(study.rounds[0], trials=ran),))
    advice = advice_on(study, verdict("INI403"))
    assert advice.action is Action.WIDEN_SEARCH_SPACE
    assert advice.proposal is not None
    assert advice.proposal.purpose is Purpose.PROBE
    assert max(float(p.params["learning_rate"]) for p in advice.proposal.points) < 1e-4


def test_rates_that_are_too_low_to_move_anything_ask_for_longer_not_for_lower() -> None:
    study = swept(Purpose.PROBE, None)
    still = tuple(replace(t, loss=np.full(50, 2.0)) for t in study.rounds[0].trials)
    study = replace(study, rounds=(replace(study.rounds[0], trials=still),))
    assert advice_on(study, verdict("INI403")).action is Action.DOUBLE_PROBE


def test_an_unlocated_fit_at_the_last_evaluation_asks_for_a_longer_probe() -> None:
    study = swept(Purpose.PROBE, 49)
    assert advice_on(study, *CLEAR).action is Action.DOUBLE_PROBE


def test_a_trial_that_diverged_after_it_fitted_sets_no_horizon() -> None:
    study = swept(Purpose.LR_SWEEP, 20)
    ran = study.rounds[0]
    exploded = tuple(
        replace(t, has_nonfinite=t.params["learning_rate"] == 0.01) for t in ran.trials
    )
    study = replace(study, rounds=(replace(ran, trials=exploded),))
    assert advice_on(study, *CLEAR).max_train_steps.recommended == 520


def test_few_fits_are_said_so_and_the_table_shows_looser_ones() -> None:
    study = swept(Purpose.LR_SWEEP, 20)
    ran = study.rounds[0]
    alone = tuple(
        t if t.params["learning_rate"] == 0.01 else replace(t, training=np.full(50, 0.005))
        for t in ran.trials
    )
    study = replace(study, rounds=(replace(ran, trials=alone),))
    told = [r.message for r in advice_on(study, *CLEAR).reasons if r.code == "INI403"]
    assert told == [
        "rate 0.01 by step 420 fits first, after step 400.",
        "Only 1 of 9 rates fit: the number rests on few.",
        "99 / 99.9 / 100% of the training set fit by step 20 / 420 / 420.",
    ]


def test_a_warmup_over_a_twentieth_is_added_to_the_proposal() -> None:
    schedule = ScheduleDefinition("constant", peak="learning_rate", warmup_steps=50)
    study = swept(Purpose.LR_SWEEP, 20)
    study = replace(study, definition=replace(study.definition, schedule=schedule))
    advice = advice_on(study, *CLEAR)
    assert advice.max_train_steps.recommended == 420
    assert advice.proposal is not None
    assert advice.proposal.max_train_steps == 470
    assert any("50 steps are added" in r.message for r in advice.reasons)


def test_without_a_perfect_value_a_person_is_asked() -> None:
    study: StudyDefinition = definition()
    facts = study_of(study, tune_round(study, purpose=Purpose.LR_SWEEP))
    advice = advice_on(facts, verdict("INI403", "inconclusive", missing=("perfect",)))
    assert (advice.action, advice.proposal) == (Action.COLLECT_EVIDENCE, None)
    assert not advice.is_decided
