"""Each action, in the order that the design fixes, from synthetic facts and verdicts."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.rounds import Action, Purpose
from app.domain.states import TrialState
from app.domain.studies import Binding, Limits, Workload
from app.policy.facts import RoundFacts, StudyFacts, Waiver
from tests.unit.planning.cases import (
    advice_on,
    answer,
    assessed,
    clear,
    edge,
    study_of,
    tune_round,
    usual_study,
    verdict,
)
from tests.unit.policy.builders import definition, round_facts, sweep, valley

FLAT = 0.5


def with_trials(study: StudyFacts, state: TrialState) -> StudyFacts:
    """Every trial of the first round changed alike."""
    first = study.rounds[0]
    trials = tuple(replace(t, state=state) for t in first.trials)
    return replace(study, rounds=(replace(first, trials=trials), *study.rounds[1:]))


def checked_study(*, quarter: float = 0.1, double: float = 0.0) -> StudyFacts:
    """A tune round and both of its checks: `quarter` worse, `double` better."""
    study = usual_study()
    down = advice_on(study)
    study = answer(study, valley(0.01, floor=0.1 + quarter), down, 2)
    up = advice_on(study)
    return answer(study, valley(0.01, floor=0.1 - double), up, 3)


def test_a_round_in_which_nothing_ran_asks_a_person_for_evidence() -> None:
    study = with_trials(usual_study(), state=TrialState.FAILED)
    advice = advice_on(study)
    assert (advice.action, advice.proposal) == (Action.COLLECT_EVIDENCE, None)
    assert not advice.is_decided
    assert advice.promote == ()


def test_a_metric_that_never_changed_leads_to_no_proposal() -> None:
    definition_ = definition()
    flat = sweep(definition_, lambda _: 1.0)
    study = study_of(definition_, round_facts(definition_, flat))
    advice = advice_on(study)
    assert (advice.action, advice.proposal) == (Action.COLLECT_EVIDENCE, None)
    assert "never changed" in advice.sentence


def test_more_than_a_fifth_censored_is_replaced_and_a_fifth_is_not() -> None:
    study = usual_study()
    trials = study.rounds[0].trials
    for censored, wanted in ((2, True), (1, False)):
        cut = tuple(replace(t, censored=i < censored) for i, t in enumerate(trials))
        changed = replace(study, rounds=(replace(study.rounds[0], trials=cut),))
        advice = advice_on(changed)
        assert (advice.action is Action.COLLECT_EVIDENCE) is wanted
        if wanted:
            assert advice.proposal is not None
            assert len(advice.proposal.points) == censored


def test_diverged_trials_that_stopped_early_are_answers_and_no_gap() -> None:
    study = usual_study()
    first = study.rounds[0]
    dead = tuple(
        replace(t, censored=True, has_nonfinite=True) if i > 5 else t
        for i, t in enumerate(first.trials)
    )
    advice = advice_on(replace(study, rounds=(replace(first, trials=dead),)))
    assert advice.action is Action.CHECK_HORIZON


def test_points_that_were_run_again_are_no_longer_missing() -> None:
    study = usual_study()
    first = study.rounds[0]
    cut = tuple(replace(t, censored=i < 3) for i, t in enumerate(first.trials))
    study = replace(study, rounds=(replace(first, trials=cut),))
    advice = advice_on(study)
    assert advice.action is Action.COLLECT_EVIDENCE
    answered = answer(study, valley(0.01), advice, 2)
    assert advice_on(answered).action is Action.CHECK_HORIZON


def test_too_few_rates_for_the_edge_check_are_filled_up() -> None:
    study = definition(sampler=usual_study(sampler=definition().sampler).definition.sampler)
    few = study_of(study, tune_round(study, over=[1e-3, 1e-2, 1e-1, 0.3]))
    advice = advice_on(few, verdict("SPC201", "inconclusive", missing=("trials",)))
    assert advice.action is Action.COLLECT_EVIDENCE
    assert advice.proposal is not None
    assert advice.proposal.trials == 1  # a grid asks for five


def test_an_edge_comes_before_the_horizon_and_names_the_new_bounds() -> None:
    advice = advice_on(usual_study(), edge("high"), *clear("HZN104"))
    assert advice.action is Action.WIDEN_SEARCH_SPACE
    assert advice.parameters == {"learning_rate": {"low": 1e-4, "high": 100.0}}
    assert advice.proposal is not None
    assert advice.proposal.parameters["learning_rate"].bounds == (1e-4, 100.0)
    assert advice.promote


def test_a_waived_edge_is_no_longer_answered() -> None:
    waived = replace(usual_study(), waivers=(Waiver("SPC201", 1, "as high as it goes"),))
    advice = advice_on(waived, edge("high"), *clear("HZN104"))
    assert advice.action is Action.CHECK_HORIZON
    elsewhere = replace(waived, waivers=(Waiver("SPC201", 2, "as high as it goes"),))
    assert advice_on(elsewhere, edge("high")).action is Action.WIDEN_SEARCH_SPACE


@pytest.mark.parametrize("softer", [Binding.WARN, Binding.OFF])
def test_a_binding_that_was_softened_after_the_review_blocks_no_more(softer: Binding) -> None:
    study = usual_study(workload=Workload.COMPUTE_BOUND, production_steps=2000)
    enforced = verdict("SPC202", binding=Binding.ENFORCE)
    assert advice_on(study, *clear(), enforced).blocked_by == ("SPC202",)
    changed = replace(study.definition, bindings={"SPC202": softer})
    assert advice_on(replace(study, definition=changed), *clear(), enforced).blocked_by == ()


def test_all_diverged_searches_lower_rates() -> None:
    study = definition()
    dead = study_of(study, tune_round(study, value_of=lambda _: float("inf")))
    advice = advice_on(dead, *clear("SPC204"))
    assert advice.action is Action.WIDEN_SEARCH_SPACE
    assert advice.parameters == {"learning_rate": {"low": 1e-6, "high": 1.0}}
    assert advice.promote == ()


def test_a_good_tune_round_is_first_checked_at_a_quarter() -> None:
    advice = advice_on(usual_study())
    assert advice.action is Action.CHECK_HORIZON
    assert advice.proposal is not None
    assert advice.proposal.purpose is Purpose.CHECK
    assert (advice.proposal.checks, advice.proposal.max_train_steps) == (1, 250)


def test_best_steps_in_the_last_quarter_ask_upward_only() -> None:
    advice = advice_on(usual_study(), verdict("CKP302"), *clear())
    assert advice.proposal is not None
    assert advice.proposal.max_train_steps == 2000


def test_a_quarter_that_does_as_well_reduces_the_horizon_to_the_last_that_did() -> None:
    study = usual_study()
    study = answer(study, valley(0.01, floor=0.09), advice_on(study), 2)
    again = advice_on(study)
    assert again.action is Action.CHECK_HORIZON
    assert again.proposal is not None
    assert again.proposal.max_train_steps == 62
    study = answer(study, valley(0.01, floor=0.3), again, 3)
    advice = advice_on(study)
    assert advice.action is Action.REDUCE_HORIZON
    assert advice.max_train_steps.recommended == 250
    assert advice.proposal is not None
    assert (advice.proposal.purpose, advice.proposal.max_train_steps) == (Purpose.TUNE, 250)
    assert advice.max_train_steps.low == 62


def test_twice_that_pays_extends_the_horizon() -> None:
    study = checked_study(double=0.05)
    study = answer(study, valley(0.01, floor=0.2), advice_on(study), 4)
    advice = advice_on(study)
    assert advice.action is Action.EXTEND_HORIZON
    assert advice.max_train_steps.recommended == 2000
    assert advice.proposal is not None
    assert advice.proposal.trials == 10


def test_a_quarter_worse_and_twice_no_better_is_accepted_and_promoted_under_new_seeds() -> None:
    advice = advice_on(checked_study())
    assert advice.action is Action.PROMOTE
    assert advice.max_train_steps.recommended == advice.max_train_steps.current == 1000
    assert advice.proposal is not None
    assert (advice.proposal.purpose, advice.proposal.max_train_steps) == (Purpose.FINAL, 1000)
    assert 0 not in advice.proposal.seeds
    assert {str(p.origin.trial_id) for p in advice.proposal.points if p.origin} == {
        p.trial_id for p in advice.promote
    }


def test_a_descent_whose_tune_round_lost_goes_back_to_the_longer_one_and_asks_upward() -> None:
    study = usual_study()
    study = answer(study, valley(0.01, floor=0.09), advice_on(study), 2)
    study = answer(study, valley(0.01, floor=0.3), advice_on(study), 3)
    reduced = advice_on(study).proposal
    assert reduced is not None
    tuned = tune_round(
        study.definition,
        4,
        value_of=valley(0.01, floor=0.2),
        max_train_steps=250,
        action=Action.REDUCE_HORIZON,
    )
    tuned = replace(tuned, definition=reduced)
    # what the check saw at 250 steps must not stand as that round's best
    study = replace(study, rounds=(study.rounds[0], _elsewhere(study, 2), study.rounds[2], tuned))
    advice = advice_on(study)
    assert advice.action is Action.CHECK_HORIZON
    assert advice.proposal is not None
    assert (advice.proposal.checks, advice.proposal.max_train_steps) == (1, 2000)
    assert (advice.round, advice.subject_round) == (4, 1), "it speaks for the longer round"


def _elsewhere(study: StudyFacts, number: int) -> RoundFacts:
    """The check round under another grid, so that it is no part of the tune round's setting."""
    check = study.round(number)
    changed = replace(check.definition, evaluate_every_steps=1)
    return replace(check, definition=changed)


def test_after_a_descent_nothing_is_asked_upward() -> None:
    study = usual_study()
    study = answer(study, valley(0.01, floor=0.09), advice_on(study), 2)
    study = answer(study, valley(0.01, floor=0.3), advice_on(study), 3)
    reduced = advice_on(study).proposal
    assert reduced is not None
    tuned = tune_round(study.definition, 4, value_of=valley(0.01, floor=0.09), max_train_steps=250)
    tuned = replace(tuned, definition=reduced, action=Action.REDUCE_HORIZON)
    assert advice_on(replace(study, rounds=(*study.rounds, tuned))).action is Action.PROMOTE


def test_an_enforced_finding_blocks_promotion_but_never_a_cure() -> None:
    enforced = verdict("PRM999", binding=Binding.ENFORCE)
    assert advice_on(usual_study(), enforced, *clear()).blocked_by == ()
    assert advice_on(checked_study(), enforced, *clear()).blocked_by == ("PRM999",)
    waived = replace(checked_study(), waivers=(Waiver("PRM999", None, "two seeds disagree"),))
    assert advice_on(waived, enforced, *clear()).blocked_by == ()


def test_an_inconclusive_deciding_rule_lowers_confidence_and_is_for_a_person() -> None:
    advice = advice_on(checked_study(), verdict("SPC201", "inconclusive"), *clear("HZN104"))
    assert advice.action is Action.PROMOTE
    assert (advice.confidence, advice.is_decided) == ("low", False)
    assert advice_on(checked_study()).confidence == "medium"


def test_a_broken_rank_that_blocks_asks_for_more_points_once_per_horizon() -> None:
    broken = verdict("PRM602", binding=Binding.ENFORCE, evidence={"state": "broken"})
    advice = advice_on(checked_study(), broken, *clear())
    assert advice.action is Action.COLLECT_EVIDENCE
    assert advice.proposal is not None
    assert advice.proposal.trials == 10
    study = checked_study()
    more = tune_round(study.definition, 4, action=Action.COLLECT_EVIDENCE)
    study = replace(study, rounds=(*study.rounds, more))
    assert advice_on(study, broken, *clear()).blocked_by == ("PRM602",)


def test_a_reviewed_final_round_finishes() -> None:
    study = usual_study()
    final = tune_round(study.definition, 2, purpose=Purpose.FINAL, seeds=(1,), seed=1)
    advice = advice_on(replace(study, rounds=(*study.rounds, final)))
    assert (advice.action, advice.proposal) == (Action.FINISH, None)
    assert advice.max_train_steps.recommended == 1000


def test_a_final_round_that_all_diverged_asks_a_person() -> None:
    study = usual_study(seeds=(0,))
    dead = tune_round(
        study.definition,
        2,
        purpose=Purpose.FINAL,
        value_of=lambda _: float("inf"),
        max_train_steps=4000,
    )
    advice = advice_on(replace(study, rounds=(*study.rounds, dead)))
    assert advice.action is Action.COLLECT_EVIDENCE
    assert (advice.proposal, advice.is_decided) == (None, False)


def test_a_compute_bound_study_is_never_checked_and_promotes_to_its_production_length() -> None:
    study = usual_study(workload=Workload.COMPUTE_BOUND, production_steps=8000)
    advice = advice_on(study)
    assert advice.action is Action.PROMOTE
    assert advice.proposal is not None
    assert (advice.proposal.purpose, advice.proposal.max_train_steps) == (Purpose.FINAL, 8000)


def test_beyond_tenfold_there_is_a_round_between() -> None:
    study = usual_study(
        workload=Workload.COMPUTE_BOUND, production_steps=64_000, limits=Limits(rounds=3)
    )
    advice = advice_on(study)
    assert advice.proposal is not None
    assert (advice.proposal.purpose, advice.proposal.max_train_steps) == (Purpose.TUNE, 8000)


def test_without_production_steps_the_sentence_asks_for_the_number() -> None:
    advice = advice_on(usual_study(workload=Workload.COMPUTE_BOUND))
    assert "production_steps" in advice.sentence
    assert advice.confidence == "low"
    assert advice.proposal is not None
    assert advice.proposal.max_train_steps == 1000


def test_the_number_is_given_whatever_the_action() -> None:
    advice = advice_on(usual_study(), edge("low"), *clear("HZN104"))
    assert advice.max_train_steps.recommended > 0


def test_other_findings_stand_in_the_reasons() -> None:
    advice = advice_on(usual_study(), verdict("SPC204"), *clear())
    assert "SPC204" in [r.code for r in advice.reasons]


def test_cost_counts_steps_and_takes_reuse_off() -> None:
    study = answer(usual_study(), valley(0.01, floor=0.3), advice_on(usual_study()), 2)
    first = study.rounds[0]
    kept = tuple(replace(t, checkpoint_steps=(1000,)) for t in first.trials)
    study = replace(study, rounds=(replace(first, trials=kept), *study.rounds[1:]))
    advice = advice_on(study)
    assert advice.proposal is not None
    assert advice.proposal.max_train_steps == 2000
    resumed = [p.resume for p in advice.proposal.points if p.resume]
    assert [r.step for r in resumed] == [1000, 1000, 1000]
    assert advice.cost.saved_by_reuse_steps == 3000
    assert advice.cost.steps == 4 * 2000 - 3000


def test_a_job_that_cannot_resume_reuses_nothing() -> None:
    study = usual_study(job=replace(definition().job, resumable=False))  # type: ignore[type-var]  # a Job, not "external"
    first = study.rounds[0]
    kept = tuple(replace(t, checkpoint_steps=(1000,)) for t in first.trials)
    study = replace(study, rounds=(replace(first, trials=kept),))
    advice = advice_on(study, verdict("CKP302"), *clear())
    assert advice.cost.saved_by_reuse_steps == 0


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(9)))
def test_advice_does_not_depend_on_the_order_of_trials(order: list[int]) -> None:
    study = usual_study()
    first = study.rounds[0]
    shuffled = replace(first, trials=tuple(first.trials[i] for i in order))
    moved = replace(study, rounds=(shuffled,))
    assert advice_on(moved) == advice_on(study)


@pytest.mark.parametrize("kind", ["finding", "clear", "inconclusive"])
def test_advice_is_a_pure_function(kind: str) -> None:
    study = usual_study()
    assert advice_on(study, verdict("SPC203", kind)) == advice_on(study, verdict("SPC203", kind))
    assert assessed(study).keys() == {1}
