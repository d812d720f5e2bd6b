"""WRK504: the longest planned trial against patience, the budget against production runs."""

from dataclasses import replace

from app.domain.plans import PlanBudget, PlanRequest
from app.domain.recommendations import JudgedVerdict
from app.domain.rounds import Resume
from app.domain.studies import Job, Limits
from app.policy.plans import PlanFacts
from app.policy.rules.wrk504_planned_run_exceeds_patience import check_plan
from app.policy.verdicts import Clear, Finding, Inconclusive
from tests.unit.policy import builders as b
from tests.unit.policy.planned import plan_of
from tests.unit.policy.promoting import best_of, proposed, same, tuned, verdict_on

PRODUCTION = 36_000  # ten hours at a second a step


def facts(
    hours: float = 10.0, patience: float | None = 12.0, runs: float = 4.0, speed: float | None = 1.0
) -> PlanFacts:
    budget = PlanBudget(steps=int(runs * PRODUCTION), seconds_per_step=speed)
    return PlanFacts(
        PlanRequest(PRODUCTION, budget, patience_hours=patience),
        (plan_of(PRODUCTION, hours=hours),),
    )


def test_clear_where_somebody_waits_long_enough_or_named_no_patience() -> None:
    found = check_plan(facts())
    assert isinstance(found, Clear)
    assert found.judged.evidence["trial_hours"] == 10.0
    assert isinstance(check_plan(facts(patience=None, speed=None)), Clear)


def test_finding_names_the_steps_that_fit_the_patience() -> None:
    found = check_plan(facts(patience=5.0))
    assert isinstance(found, Finding)
    assert "18000 steps" in found.action


def test_finding_for_a_budget_of_one_production_run_or_none() -> None:
    one, none = check_plan(facts(runs=1.5)), check_plan(facts(runs=0.5))
    assert isinstance(one, Finding)
    assert "one production run only" in one.message
    assert isinstance(none, Finding)
    assert "does not pay one run" in none.message


def test_inconclusive_where_patience_is_given_but_no_speed() -> None:
    found = check_plan(facts(speed=None))
    assert isinstance(found, Inconclusive)
    assert found.missing == ("seconds_per_step",)


def test_threshold_of_patience_and_of_two_production_runs_is_still_clear() -> None:
    assert isinstance(check_plan(facts(patience=10.0)), Clear)
    assert isinstance(check_plan(facts(patience=9.999)), Finding)
    assert isinstance(check_plan(facts(runs=2.0)), Clear)
    assert isinstance(check_plan(facts(runs=1.999)), Finding)


def promoted(seconds: float | None = 1.0, resume: int = 0, **limits: float) -> JudgedVerdict:
    """Two winners of nine at 1,000 steps, to 7,200: two hours each."""
    study = replace(
        tuned(limits=Limits(**limits), job=Job(command=("train",), gpus=1)),  # type: ignore[arg-type]  # a builder forwards any limit
        seconds_per_step=seconds,
    )
    points = [
        replace(same(t), resume=Resume(b.TrialId(t.trial_id), resume) if resume else None)
        for t in best_of(study, 2)
    ]
    return verdict_on(study, proposed(study, 7200, points), "WRK504")


def test_clear_for_a_promotion_within_patience_and_limits() -> None:
    assert promoted(patience_hours=3.0, total_steps=30_000, gpu_hours=8.0).verdict == "clear"
    assert promoted(None).verdict == "clear"


def test_finding_for_a_promotion_that_takes_longer_than_patience() -> None:
    found = promoted(patience_hours=1.5)
    assert found.verdict == "finding"
    assert "2 hours; patience ends at 1.5" in found.message
    assert "5400 steps" in found.action
    assert promoted(patience_hours=1.8, resume=800).verdict == "clear", "6,400 steps are left"


def test_finding_for_a_promotion_beyond_what_is_left_of_the_limits() -> None:
    found = promoted(total_steps=9000 + 14_399)
    assert found.evidence["steps_left"] == 14_399
    assert "14400 steps, and 14399 are left" in found.message
    hours = promoted(gpu_hours=(9000 + 14_399) / 3600)
    assert hours.verdict == "finding"


def test_inconclusive_for_a_promotion_before_a_step_was_timed() -> None:
    assert promoted(None, patience_hours=1.5).missing == ("seconds_per_step",)


def test_threshold_of_a_promotion_is_all_that_is_left_and_all_of_the_patience() -> None:
    assert promoted(total_steps=9000 + 14_400).verdict == "clear"
    assert promoted(patience_hours=2.0).verdict == "clear"
