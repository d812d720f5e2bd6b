"""Check rounds: which points, what counts as an answer, where to stop."""

from dataclasses import replace

import pytest

from app.domain.rounds import Action, Purpose, Relation
from app.domain.schedules import ScheduleDefinition, resolve
from app.domain.states import TrialState
from app.planning.levels import has_paid, own_level
from app.planning.schedules import names_of
from app.policy.facts import StudyFacts
from tests.unit.planning.cases import (
    advice_on,
    answer,
    case_of,
    clear,
    study_of,
    tune_round,
    usual_study,
    verdict,
)
from tests.unit.policy.builders import definition, number, round_facts, trial, valley

UP = (verdict("CKP302"), *clear())


def rates_of(study: StudyFacts, *verdicts: object) -> list[float]:
    proposal = advice_on(study, *verdicts).proposal  # type: ignore[arg-type]  # verdicts of this file
    assert proposal is not None
    return [float(p.params["learning_rate"]) for p in proposal.points]


def test_downward_the_best_rate_runs_at_one_two_and_four_times() -> None:
    assert rates_of(usual_study()) == pytest.approx([0.01, 0.02, 0.04])


def test_upward_the_best_three_run_and_half_of_the_best_rate() -> None:
    rates = rates_of(usual_study(), *UP)
    assert len(rates) == 4
    assert rates[0] == pytest.approx(0.01)
    assert rates[-1] == pytest.approx(0.005)


def test_points_may_leave_the_box_and_say_that_they_are_variants() -> None:
    study = usual_study(parameters=usual_study().definition.parameters)
    at_end = study_of(study.definition, tune_round(study.definition, value_of=valley(1.0)))
    proposal = advice_on(at_end).proposal
    assert proposal is not None
    assert max(float(p.params["learning_rate"]) for p in proposal.points) == 4.0
    relations = [p.origin.relation for p in proposal.points if p.origin]
    assert relations == [Relation.SAME, Relation.VARIANT, Relation.VARIANT]


def test_without_a_searched_rate_the_best_three_run_both_ways() -> None:
    study = definition(
        parameters={"width": number(1, 9)},
        schedule=ScheduleDefinition(kind="constant", peak=0.1),
    )
    trials = tuple(trial(study, {"width": w}, [1.0, 0.5 + w / 10]) for w in (1, 2, 3, 4))
    facts = study_of(study, round_facts(study, trials))
    for verdicts in ((), UP):
        proposal = advice_on(facts, *verdicts).proposal
        assert proposal is not None
        assert [p.params["width"] for p in proposal.points] == [1, 2, 3]


def test_a_check_keeps_at_least_twenty_evaluations() -> None:
    proposal = advice_on(usual_study(evaluate_every_steps=100)).proposal
    assert proposal is not None
    assert (proposal.max_train_steps, proposal.interval_steps) == (250, 12)


@pytest.mark.parametrize(("horizon", "is_asked"), [(128, True), (127, False)])
def test_below_thirty_two_steps_nothing_is_asked(horizon: int, is_asked: bool) -> None:
    proposal = advice_on(usual_study(max_train_steps=horizon)).proposal
    assert proposal is not None
    assert (proposal.max_train_steps < horizon) is is_asked


def test_fractions_of_a_schedule_stay_and_numbers_that_no_longer_fit_are_cut() -> None:
    wsd = ScheduleDefinition(kind="wsd", peak="learning_rate", decay_fraction=0.2)
    numeric = ScheduleDefinition(
        kind="linear", peak="learning_rate", warmup_steps=100, decay_steps=600
    )
    for schedule, decay in ((wsd, 50), (numeric, 150)):
        proposal = advice_on(usual_study(schedule=schedule)).proposal
        assert proposal is not None
        point = proposal.points[0]
        own = resolve(point.schedule or proposal.schedule, names_of(proposal), point.params, 250)
        assert own.decay_length(250) == decay


def test_a_searched_warmup_that_does_not_fit_is_cut_for_its_point_and_for_the_box() -> None:
    base = usual_study().definition
    parameters = {**base.parameters, "warmup": number(0, 400)}
    schedule = ScheduleDefinition(kind="constant", peak="learning_rate", warmup_steps="warmup")
    study = definition(parameters=parameters, schedule=schedule)
    trials = tuple(
        trial(study, {"learning_rate": r, "warmup": 300.0}, [1.0, valley(0.01)(r)])
        for r in (1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 0.3, 1e-4, 3e-4)
    )
    proposal = advice_on(study_of(study, round_facts(study, trials))).proposal
    assert proposal is not None
    assert proposal.max_train_steps == 250
    assert proposal.parameters["warmup"].high == 249
    own = proposal.points[0].schedule
    assert own is not None
    assert own.warmup_steps == 249


def test_one_step_down_is_followed_from_the_best_of_the_check() -> None:
    study = usual_study()
    study = answer(study, valley(0.04, floor=0.05), advice_on(study), 2)
    assert rates_of(study)[:3] == pytest.approx([0.04, 0.08, 0.16])


def test_twice_the_horizon_pays_by_the_mean_of_pairs_or_by_the_best() -> None:
    own = own_level(case_of(usual_study()))
    key = own.configurations[0].point_key
    better = replace(own, values={k: v - 0.02 for k, v in own.values.items()})
    assert has_paid(better, own, eps=0.1)  # nine pairs: 0.02 > 0.1 / 6
    assert not has_paid(better, own, eps=0.13)
    assert not has_paid(replace(own, values={key: own.values[key]}), own, eps=0.0)


def test_a_check_without_an_answer_is_asked_once_more_then_a_person_is_asked() -> None:
    study = usual_study()
    for number_, is_decided in ((2, True), (3, False)):
        ran = answer(study, valley(0.01), advice_on(study), number_)
        failed = tuple(replace(t, state=TrialState.FAILED) for t in ran.rounds[-1].trials)
        study = replace(ran, rounds=(*ran.rounds[:-1], replace(ran.rounds[-1], trials=failed)))
        again = advice_on(study)
        assert again.action is Action.CHECK_HORIZON
        assert again.proposal is not None
        assert again.proposal.max_train_steps == 250
        assert again.is_decided is is_decided


def test_diverged_points_are_answers() -> None:
    study = usual_study()
    ran = answer(study, lambda _: float("inf"), advice_on(study), 2)
    advice = advice_on(ran)
    assert advice.proposal is not None
    assert advice.proposal.max_train_steps == 2000


def test_four_doublings_at_most() -> None:
    study, gain = usual_study(), 0.0
    for number_ in range(2, 6):
        gain += 0.02
        study = answer(study, valley(0.01, floor=0.1 - gain), advice_on(study, *UP), number_)
    advice = advice_on(study, *UP)
    assert advice.action is Action.EXTEND_HORIZON
    assert advice.max_train_steps.recommended == 16_000
    assert "compute-bound" in advice.sentence
    tuned = tune_round(study.definition, 6, max_train_steps=16_000, action=Action.EXTEND_HORIZON)
    study = replace(study, rounds=(*study.rounds, tuned))
    again = advice_on(study, *UP)
    assert again.action is Action.CHECK_HORIZON
    assert not again.is_decided
    assert advice_on(study).action is Action.PROMOTE
    climbing = answer(study, valley(0.01, floor=0.05), again, 7)
    further = advice_on(climbing)
    assert further.action is Action.CHECK_HORIZON
    assert further.is_decided
    ended = answer(climbing, valley(0.01, floor=0.5), further, 8)
    assert advice_on(ended).max_train_steps.recommended == 32_000


def test_upward_runs_resume_for_each_seed_that_has_a_checkpoint() -> None:
    study = definition(seeds=(0, 1))
    first = tune_round(study)
    both = tuple(
        replace(t, seed=s, trial_id=f"{t.trial_id}/{s}", checkpoint_steps=(1000,) if s else ())
        for t in first.trials
        for s in (0, 1)
    )
    proposal = advice_on(study_of(study, replace(first, trials=both)), *UP).proposal
    assert proposal is not None
    same = [p for p in proposal.points if p.origin and p.origin.relation is Relation.SAME]
    assert {(p.seeds, p.resume.step if p.resume else 0) for p in same} == {((0,), 0), ((1,), 1000)}


def test_the_check_of_an_earlier_round_of_the_setting_counts_for_a_later_one() -> None:
    study = usual_study()
    study = answer(study, valley(0.01, floor=0.3), advice_on(study), 2)
    more = tune_round(study.definition, 3, over=[0.011, 0.012], action=Action.COLLECT_EVIDENCE)
    advice = advice_on(replace(study, rounds=(*study.rounds, more)))
    assert advice.proposal is not None
    assert advice.proposal.purpose is Purpose.CHECK
    assert advice.proposal.max_train_steps == 2000
