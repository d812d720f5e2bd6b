"""The judge of promotions beside the adviser: what it is asked, and what becomes a reason."""

from dataclasses import replace

import pytest

from app.domain.ids import TrialId
from app.domain.recommendations import Assessment, Reason
from app.domain.rounds import Origin, Point, Purpose
from app.domain.schedules import ScheduleDefinition
from app.domain.studies import Binding
from app.planning.adviser import consult
from app.planning.gate import enforced
from app.planning.hand_written import judge_by_hand
from app.policy.engine import assess, merge
from app.policy.facts import StudyFacts
from tests.unit.planning.cases import (
    advice_on,
    assessed,
    clear,
    edge,
    study_of,
    tune_round,
    usual_study,
    verdict,
)
from tests.unit.planning.test_promotion import CLIMB
from tests.unit.policy.builders import definition, round_definition, valley

LINEAR = ScheduleDefinition(kind="linear", peak="learning_rate")
EXPONENTIAL = ScheduleDefinition("exponential", "learning_rate", final_fraction=0.001)


def told(reasons: tuple[Reason, ...], code: str) -> list[str]:
    return [r.message for r in reasons if r.code == code]


def two_rounds() -> StudyFacts:
    """Two tune rounds whose best rates lie apart."""
    study = definition(**CLIMB)
    second = tune_round(study, 2, max_train_steps=2000, value_of=valley(0.1))
    return study_of(study, tune_round(study), second)


def by_hand(study: StudyFacts, *sources: int) -> dict[str, str]:
    """The verdicts on a final round by hand that re-runs one trial of each of these rounds."""
    trials = [study.round(number).trials[4] for number in sources]
    points = tuple(Point(dict(t.params), origin=Origin(TrialId(t.trial_id))) for t in trials)
    proposal = round_definition(
        study.definition, purpose=Purpose.FINAL, max_train_steps=8000, trials=None, points=points
    )
    found = judge_by_hand(study, assessed(study), proposal)
    return {v.code: v.message for v in found}


def test_the_price_the_margin_and_the_transfer_are_each_told_once() -> None:
    reasons = advice_on(usual_study(schedule=LINEAR, **CLIMB)).reasons
    assert len(told(reasons, "PRM603")) == 1
    assert len(told(reasons, "PRM606")) == 1
    assert any("Tried at other values, too: learning_rate" in m for m in told(reasons, "PRM601"))
    (schedule,) = told(reasons, "SCH702")
    assert "1000 of 1000 steps before, 1000 of 8000 after" in schedule


def test_a_repeat_at_the_same_horizon_tells_the_price_and_no_transfer() -> None:
    reasons = advice_on(usual_study(**{**CLIMB, "production_steps": 1000})).reasons
    assert told(reasons, "PRM603")
    assert not told(reasons, "PRM601")
    assert not told(reasons, "SCH702")


def test_a_consultation_carries_every_verdict_and_only_where_it_promotes() -> None:
    study = usual_study(**CLIMB)
    promoted = consult(study, assessed(study), 1)
    assert {"PRM603", "SCH701", "SPC208"} <= {v.code for v in promoted.promotion}
    checked = usual_study()
    assert consult(checked, assessed(checked), 1).promotion == ()


def test_an_enforced_finding_about_the_proposal_blocks_it_and_a_softer_binding_does_not() -> None:
    assert advice_on(usual_study(schedule=EXPONENTIAL, **CLIMB)).blocked_by == ("SCH701",)
    soft = usual_study(schedule=EXPONENTIAL, bindings={"SCH701": Binding.WARN}, **CLIMB)
    assert advice_on(soft).blocked_by == ()


def test_what_an_earlier_review_said_of_its_proposal_is_no_news_now() -> None:
    stale = verdict("PRM603", binding=Binding.ENFORCE, message="stale")
    advice = advice_on(usual_study(**CLIMB), stale, *clear())
    assert advice.blocked_by == ()
    assert not any("stale" in r.message for r in advice.reasons)


@pytest.mark.parametrize(("sources", "growth"), [((1,), "8x"), ((2,), "4x"), ((), "4x")])
def test_a_round_by_hand_is_a_promotion_of_the_round_that_its_points_come_from(
    sources: tuple[int, ...], growth: str
) -> None:
    study = two_rounds()
    found = by_hand(study, *sources)
    if sources:
        assert growth in found["PRM604"]
    else:
        assert "no point of the round comes from" in found["PRM604"]


def test_what_stands_against_the_round_that_is_promoted_refuses_too() -> None:
    """A clean review of another setting does not open the gate for this one's winners."""
    study = two_rounds()
    blocked = Assessment(1, False, (edge(),))
    (best,) = (t for t in study.round(1).trials if t.params["learning_rate"] == 0.01)
    points = (Point(dict(best.params), origin=Origin(TrialId(best.trial_id))),)
    proposal = round_definition(
        study.definition, purpose=Purpose.FINAL, max_train_steps=8000, trials=None, points=points
    )
    found = judge_by_hand(study, {**assessed(study), 1: blocked}, proposal)
    assert [v.code for v in enforced(found)] == ["SPC201"]
    cured = study_of(study.definition, *study.rounds, tune_round(study.definition, 3))
    assert enforced(judge_by_hand(cured, {**assessed(cured), 1: blocked}, proposal)) == ()


def test_a_round_that_is_not_gated_is_not_judged() -> None:
    study = usual_study(**CLIMB)
    tune = round_definition(study.definition, max_train_steps=500)
    assert judge_by_hand(study, assessed(study), tune) == ()
    final = round_definition(study.definition, purpose=Purpose.FINAL)
    assert judge_by_hand(study, {}, final) == (), "nothing was reviewed that it could promote"


def test_of_a_rule_that_answers_twice_the_worst_answer_counts() -> None:
    def merged(first: str, then: str) -> str:
        one = Assessment(1, False, (verdict("SPC208", first),))
        (found,) = merge(one, [verdict("SPC208", then)]).verdicts
        return found.verdict

    assert merged("inconclusive", "clear") == "clear"
    assert merged("clear", "inconclusive") == "clear"
    assert merged("clear", "finding") == "finding"
    assert merged("finding", "clear") == "finding"


def test_merged_verdicts_stand_in_the_order_of_the_catalogue() -> None:
    study = usual_study(**CLIMB)
    found = merge(assess(study, 1), reversed(consult(study, assessed(study), 1).promotion))
    codes = list(dict.fromkeys(v.code for v in found.verdicts))
    assert codes.index("SPC208") < codes.index("CKP301") < codes.index("PRM601")
    assert codes.index("PRM601") < codes.index("PRM602") < codes.index("SCH704")


def test_a_round_whose_trials_are_gone_promotes_nobody() -> None:
    study = usual_study(**CLIMB)
    empty = replace(study, rounds=tuple(replace(r, trials=()) for r in study.rounds))
    proposal = consult(study, assessed(study), 1).advice.proposal
    assert proposal is not None
    found = {v.code: v.missing for v in judge_by_hand(empty, assessed(empty), proposal)}
    assert found["PRM603"] == ("winners",)
    assert found["SCH701"] == ("schedule",)
