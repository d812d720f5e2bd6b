"""PRM604: a jump beyond ten times the horizon without a re-check of ranks between."""

import pytest

from app.domain.ids import TrialId
from app.domain.plans import PlanBudget, PlanRequest
from app.domain.rounds import Action, Origin
from app.policy.engine import is_enforced_finding
from app.policy.plans import PlanFacts
from app.policy.rules.prm604_jump_without_recheck import check_plan
from app.policy.verdicts import Clear, Finding, Inconclusive, Verdict
from tests.unit.policy import builders as b
from tests.unit.policy.planned import plan_of
from tests.unit.policy.promoting import best_of, proposed, same, tuned, verdict_on


def climbed(**changes: object) -> b.StudyFacts:
    """Tuned at 1,000 steps, the best three promoted to 8,000."""
    study = tuned()
    trials = [
        b.rate_trial(
            study.definition,
            float(t.params["learning_rate"]),
            b.falling(0.05),
            max_train_steps=8000,
            origin=Origin(TrialId(t.trial_id)),
            round=2,
        )
        for t in best_of(study, 3)
    ]
    second = b.round_facts(study.definition, trials, 2, max_train_steps=8000, **changes)
    return b.study_facts(study.definition, *study.rounds, second)


def next_to(study: b.StudyFacts, steps: int, passed: set[int]) -> b.JudgedVerdict:
    points = [same(t) for t in best_of(study, 2, 2)]
    return verdict_on(study, proposed(study, steps, points), "PRM604", 2, passed=passed)


def test_clear_within_ten_times_of_the_round_that_was_tuned() -> None:
    study = tuned()
    verdict = verdict_on(study, proposed(study, 8000), "PRM604")
    assert (verdict.verdict, verdict.statistic) == ("clear", 8.0)


def test_finding_beyond_it_warns_and_never_blocks() -> None:
    study = tuned()
    verdict = verdict_on(study, proposed(study, 64_000), "PRM604")
    assert verdict.verdict == "finding"
    assert "64x of the 1000" in verdict.message
    assert not is_enforced_finding(verdict)


@pytest.mark.parametrize("changes", [{}, {"action": Action.PROMOTE}])
def test_finding_when_a_promoted_round_between_did_not_pass_the_re_check(
    changes: dict[str, object],
) -> None:
    verdict = next_to(climbed(**changes), 64_000, set())
    assert (verdict.verdict, verdict.evidence["trusted_steps"]) == ("finding", 1000)


def test_clear_when_the_promoted_round_between_passed_it() -> None:
    verdict = next_to(climbed(), 64_000, {2})
    assert (verdict.verdict, verdict.evidence["trusted_steps"]) == ("clear", 8000)


def test_inconclusive_when_nobody_is_promoted() -> None:
    study = tuned()
    fresh = b.round_definition(study.definition, max_train_steps=64_000)
    assert verdict_on(study, fresh, "PRM604").missing == ("winners",)


def test_threshold_is_ten_times_and_may_be_set() -> None:
    study = tuned()
    for steps, kind in ((10_000, "clear"), (10_001, "finding")):
        assert verdict_on(study, proposed(study, steps), "PRM604").verdict == kind
    strict = tuned(settings={"PRM604.longest_jump": 4.0})
    assert verdict_on(strict, proposed(strict, 8000), "PRM604").verdict == "finding"


def planned(*ladders: tuple[int, ...]) -> Verdict:
    asked = PlanRequest(64_000, PlanBudget(steps=10**7))
    return check_plan(PlanFacts(asked, tuple(plan_of(*ladder) for ladder in ladders)))


def test_clear_for_a_plan_of_small_steps() -> None:
    assert isinstance(planned((6400, 64_000), (64_000,)), Clear)


def test_finding_for_a_plan_names_the_alternative_that_jumps() -> None:
    found = planned((6400, 64_000), (1000, 4000, 64_000))
    assert isinstance(found, Finding)
    assert found.judged.evidence["jumps"] == {"6400-64000": 10.0, "1000-4000-64000": 16.0}
    assert found.message.startswith("1000-4000-64000")


def test_inconclusive_for_a_budget_without_a_plan() -> None:
    found = planned()
    assert isinstance(found, Inconclusive)
    assert found.missing == ("plan",)


def test_threshold_of_a_plan_is_ten_times_too() -> None:
    assert isinstance(planned((6400, 64_000)), Clear)
    assert isinstance(planned((6399, 64_000)), Finding)
