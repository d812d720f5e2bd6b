"""Who accepts: off never, gated the rest of a chain, on within limits and gate."""

from dataclasses import replace

import pytest

from app.domain.recommendations import Advice
from app.domain.rounds import Action, Purpose
from app.domain.studies import Autopilot, Binding, Limits
from app.planning.autopilot import is_acceptable_by_autopilot, is_within_rounds
from app.planning.gate import blocking_codes
from app.planning.hand_written import findings_against
from app.policy.facts import StudyFacts
from tests.unit.planning.cases import (
    advice_on,
    answer,
    assessed,
    case_of,
    clear,
    study_of,
    tune_round,
    usual_study,
    verdict,
)
from tests.unit.policy.builders import valley


def accepts(study: StudyFacts, advice: Advice, autopilot: Autopilot = Autopilot.ON) -> bool:
    return is_acceptable_by_autopilot(study, advice, autopilot)[0]


def test_off_accepts_nothing() -> None:
    study = usual_study()
    assert not accepts(study, advice_on(study), Autopilot.OFF)


def test_on_accepts_a_check_that_nobody_decides() -> None:
    study = usual_study()
    assert accepts(study, advice_on(study))


def test_gated_waits_for_the_first_check_and_continues_the_rest_of_the_descent() -> None:
    study = usual_study()
    first = advice_on(study)
    assert not accepts(study, first, Autopilot.GATED)
    descended = answer(study, valley(0.01, floor=0.05), first, 2)
    assert accepts(descended, advice_on(descended), Autopilot.GATED)
    turned = answer(study, valley(0.01, floor=0.5), first, 2)
    assert not accepts(turned, advice_on(turned), Autopilot.GATED)


def test_gated_does_not_continue_a_check_that_was_written_by_hand() -> None:
    study = usual_study()
    descended = answer(study, valley(0.01, floor=0.05), advice_on(study), 2)
    by_hand = replace(descended.rounds[-1], action=None)
    study = replace(descended, rounds=(*descended.rounds[:-1], by_hand))
    assert not accepts(study, advice_on(study), Autopilot.GATED)


def test_gated_does_not_accept_the_reduction_that_a_descent_ends_in() -> None:
    study = usual_study()
    study = answer(study, valley(0.01, floor=0.05), advice_on(study), 2)
    study = answer(study, valley(0.01, floor=0.5), advice_on(study), 3)
    advice = advice_on(study)
    assert advice.action is Action.REDUCE_HORIZON
    assert not accepts(study, advice, Autopilot.GATED)
    assert accepts(study, advice)


@pytest.mark.parametrize(
    "changes", [{"blocked_by": ("SPC201",)}, {"is_decided": False}, {"proposal": None}]
)
def test_on_stops_at_findings_at_open_questions_and_where_nothing_is_proposed(
    changes: dict[str, object],
) -> None:
    study = usual_study()
    assert not accepts(study, replace(advice_on(study), **changes))  # type: ignore[arg-type]  # one field each


def test_evidence_is_collected_once_per_setting() -> None:
    study = usual_study()
    first = study.rounds[0]
    cut = replace(
        first, trials=tuple(replace(t, censored=i < 4) for i, t in enumerate(first.trials))
    )
    study = replace(study, rounds=(cut,))
    advice = advice_on(study)
    assert advice.action is Action.COLLECT_EVIDENCE
    assert accepts(study, advice)
    again = tune_round(study.definition, 2, over=[0.02], action=Action.COLLECT_EVIDENCE)
    study = replace(study, rounds=(*study.rounds, again))
    advice = advice_on(study)
    assert advice.action is Action.COLLECT_EVIDENCE
    assert not accepts(study, advice)
    nothing = replace(study, rounds=(*study.rounds[:1], replace(again, has_run=False)))
    assert accepts(nothing, advice), "a round that ran nothing collected nothing"


def test_limits_count_distinct_horizons_of_tune_and_final_rounds_only() -> None:
    study = usual_study(limits=Limits(rounds=2))
    here = study.rounds[0].definition
    elsewhere = replace(here, max_train_steps=2000)
    assert is_within_rounds(study, elsewhere)
    full = study_of(
        study.definition, *study.rounds, tune_round(study.definition, 2, max_train_steps=500)
    )
    assert not is_within_rounds(full, elsewhere)
    assert is_within_rounds(full, replace(elsewhere, purpose=Purpose.CHECK, checks=1))
    assert is_within_rounds(full, replace(here, purpose=Purpose.FINAL))


def test_hand_written_rounds_are_gated_where_they_train_longer_than_anything_judged() -> None:
    study = usual_study()
    enforced = verdict("SPC201", binding=Binding.ENFORCE)
    assessments = assessed(study, enforced, *clear("HZN104"))
    here = study.rounds[0].definition
    longer = replace(here, max_train_steps=2000)
    assert findings_against(study, assessments, here) == ()
    assert findings_against(study, assessments, replace(longer, purpose=Purpose.CHECK)) == ()
    assert findings_against(study, assessments, longer) == (enforced,)
    assert findings_against(study, assessments, replace(here, purpose=Purpose.FINAL)) == (enforced,)
    assert findings_against(study, assessed(study), longer) == ()


def test_corrective_actions_pass_the_gate() -> None:
    case = case_of(usual_study(), verdict("HZN101", binding=Binding.ENFORCE))
    gated = {action for action in Action if blocking_codes(case, action)}
    assert gated == {Action.PROMOTE, Action.FINISH, Action.SET_INITIAL_HORIZON}


def test_a_final_round_ends_the_study_whatever_the_autopilot_unless_a_finding_stands() -> None:
    study = usual_study()
    final = tune_round(study.definition, 2, purpose=Purpose.FINAL, seeds=(1,), seed=1)
    study = replace(study, rounds=(*study.rounds, final))
    advice = advice_on(study)
    assert advice.action is Action.FINISH
    assert all(accepts(study, advice, autopilot) for autopilot in Autopilot)
    blocked = advice_on(study, verdict("HZN101", binding=Binding.ENFORCE), *clear("HZN104"))
    assert not any(accepts(study, blocked, autopilot) for autopilot in Autopilot)
