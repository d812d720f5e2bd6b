"""The ladder planner: first and last rounds, growth, reuse, and what is questionable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.plans import PlanBudget, PlanRequest
from app.planning.plan_findings import judge_plans
from app.planning.plans import PlanAlternative, make_plans
from paceline.schedules import Schedule

PRODUCTION = 100_000
WSD = Schedule("wsd", 1.0, decay_fraction=0.2)


def request(steps: int = 2_000_000, **changes: object) -> PlanRequest:
    given_: dict[str, object] = {"production_steps": PRODUCTION, "budget": PlanBudget(steps=steps)}
    return PlanRequest(**{**given_, **changes})  # type: ignore[arg-type]  # a builder forwards any field


def named(plans: tuple[PlanAlternative, ...], name: str) -> PlanAlternative:
    return {plan.name: plan for plan in plans}[name]


def codes(asked: PlanRequest) -> set[str]:
    return {found.rule.code for found in judge_plans(asked, make_plans(asked, None))}


def test_usual_plan_spends_half_on_production_and_half_on_a_tenth_of_it() -> None:
    plan = make_plans(request(), None)[0]
    assert [(r.max_train_steps, r.trials) for r in plan.rounds] == [(10_000, 100), (PRODUCTION, 10)]
    assert plan.total.steps == 2_000_000


def test_two_production_runs_are_kept_where_a_first_round_is_left() -> None:
    plan = make_plans(request(350_000), None)[0]
    assert [r.trials for r in plan.rounds] == [15, 2]


def test_budget_for_one_production_run_only_says_so() -> None:
    plan = make_plans(request(180_000), None)[0]
    assert plan.rounds[-1].trials == 1
    assert "WRK504" in codes(request(180_000))


def test_budget_below_one_production_run_has_no_plan_and_says_why() -> None:
    assert make_plans(request(90_000), None) == ()
    assert codes(request(90_000)) == {"WRK504"}


def test_first_round_with_few_trials_is_halved_once_and_the_jump_is_named() -> None:
    asked = request(190_000)
    plan = make_plans(asked, None)[0]
    assert plan.rounds[0].max_train_steps == 5_000
    assert "halved" in plan.trade
    assert "PRM604" in codes(asked)


def test_long_warmup_raises_the_first_horizon_by_itself() -> None:
    plan = make_plans(request(warmup_steps=2000), None)[0]
    assert plan.rounds[0].max_train_steps == 12_000


def test_three_rounds_grow_by_the_same_factor_at_about_equal_cost() -> None:
    plan = named(make_plans(request(6_000_000), None), "3 rounds")
    assert [r.max_train_steps for r in plan.rounds] == [10_000, 31_623, PRODUCTION]
    assert [r.trials for r in plan.rounds] == [200, 63, 20]


def test_no_alternative_has_more_rounds_than_asked_for() -> None:
    assert max(len(p.rounds) for p in make_plans(request(rounds_max=2), None)) == 2
    assert [p.name for p in make_plans(request(rounds_max=1), None)] == ["production length only"]


def test_prefix_reuse_is_taken_off_the_longer_round() -> None:
    bare, reused = make_plans(request(), None)[0], make_plans(request(), WSD)[0]
    assert reused.saved_by_reuse_steps == 10 * 8000
    assert reused.total.steps == bare.total.steps - 10 * 8000


def test_hours_follow_from_speed_gpus_and_slots() -> None:
    budget = PlanBudget(gpu_hours=100.0, gpus_per_trial=2, seconds_per_step=0.1)
    last = make_plans(request(budget=budget, slots=4), None)[0].rounds[-1]
    assert last.gpu_hours == pytest.approx(last.steps * 0.1 * 2 / 3600)
    assert last.wall_hours == pytest.approx(-(-last.trials // 4) * PRODUCTION * 0.1 / 3600)


def test_run_longer_than_patience_is_named_with_the_steps_that_fit() -> None:
    budget = PlanBudget(steps=2_000_000, seconds_per_step=1.0)
    asked = request(budget=budget, patience_hours=10.0)
    found = [f for f in judge_plans(asked, make_plans(asked, None)) if f.rule.code == "WRK504"]
    assert "36000" in found[0].finding.action


def test_plan_without_trouble_has_no_findings() -> None:
    assert codes(request()) == set()


@given(
    production=st.integers(1, 10**7),
    budget=st.integers(1, 10**9),
    warmup=st.integers(0, 10**5),
    rounds_max=st.integers(1, 6),
)
def test_every_plan_fits_its_budget_and_ends_at_production(
    production: int, budget: int, warmup: int, rounds_max: int
) -> None:
    asked = PlanRequest(
        production_steps=production,
        budget=PlanBudget(steps=budget),
        warmup_steps=min(warmup, production),
        rounds_max=rounds_max,
    )
    plans = make_plans(asked, Schedule("wsd", 1.0, asked.warmup_steps))
    for plan in plans:
        horizons = [r.max_train_steps for r in plan.rounds]
        assert horizons == sorted(set(horizons))
        assert horizons[-1] == production
        assert horizons[0] >= min(asked.warmup_steps, production)
        assert plan.total.steps + plan.saved_by_reuse_steps <= budget
        assert min(r.trials for r in plan.rounds) >= 1
        assert min(r.steps for r in plan.rounds) >= 0
    judge_plans(asked, plans)
