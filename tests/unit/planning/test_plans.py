"""The ladder planner: first and last rounds, growth, reuse, patience, and what is questionable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.plans import PlanAlternative, PlanBudget, PlanRequest
from app.domain.studies import Limits, Workload
from app.planning.growth import next_horizon
from app.planning.plans import make_plans, study_limits
from app.policy.engine import judge_plan
from app.policy.plans import PlanFacts
from paceline.schedules import Schedule
from tests.unit.planning.cases import case_of, study_of, tune_round
from tests.unit.policy.builders import definition

PRODUCTION = 100_000
WSD = Schedule("wsd", 1.0, decay_fraction=0.2)


def request(steps: int = 2_000_000, **changes: object) -> PlanRequest:
    given_: dict[str, object] = {"production_steps": PRODUCTION, "budget": PlanBudget(steps=steps)}
    return PlanRequest(**{**given_, **changes})  # type: ignore[arg-type]  # a builder forwards any field


def named(plans: tuple[PlanAlternative, ...], name: str) -> PlanAlternative:
    return {plan.name: plan for plan in plans}[name]


def codes(asked: PlanRequest) -> set[str]:
    verdicts = judge_plan(PlanFacts(asked, make_plans(asked, None)))
    return {verdict.code for verdict in verdicts if verdict.verdict == "finding"}


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
    assert [r.max_train_steps for r in plan.rounds] == [8163, 28_571, PRODUCTION]
    assert [r.trials for r in plan.rounds] == [245, 70, 20]


def test_longest_ladder_that_the_budget_pays_is_offered_beside_three_rounds() -> None:
    asked = request(rounds_max=10)
    names = [plan.name for plan in make_plans(asked, None)]
    assert names[:3] == ["two rounds", "3 rounds", "10 rounds"]
    assert len(names) <= 5
    poor = [plan.name for plan in make_plans(request(450_000, rounds_max=10), None)]
    assert "4 rounds" in poor
    assert "5 rounds" not in poor


def test_a_study_climbs_the_horizons_of_the_plan_it_was_made_from() -> None:
    for rounds in (2, 3, 4, 6):
        plan = make_plans(request(rounds_max=rounds), None)[min(rounds - 2, 2)]
        assert len(plan.rounds) == rounds
        assert climbed(plan) == plan.horizons


def climbed(plan: PlanAlternative) -> tuple[int, ...]:
    """The horizons that a study's promotions ask for."""
    limits = study_limits(request(), plan)
    horizons = [plan.horizons[0]]
    while horizons[-1] < PRODUCTION:
        study = definition(
            workload=Workload.COMPUTE_BOUND,
            production_steps=PRODUCTION,
            limits=Limits(rounds=limits.rounds),
            max_train_steps=horizons[0],
        )
        rounds = [
            tune_round(study, number, max_train_steps=steps)
            for number, steps in enumerate(horizons, 1)
        ]
        horizons.append(next_horizon(case_of(study_of(study, *rounds))))
    return tuple(horizons)


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


def test_alternatives_whose_longest_trial_passes_patience_are_marked() -> None:
    budget = PlanBudget(steps=2_000_000, seconds_per_step=1.0)
    asked = request(budget=budget, patience_hours=27.0)
    marked = {plan.name: plan.is_within_patience for plan in make_plans(asked, WSD)}
    assert marked["two rounds"] is True, "92,000 of its last steps are left to train"
    assert marked["production length only"] is False
    assert named(make_plans(request(), None), "two rounds").is_within_patience is None


def test_many_dimensions_ask_for_more_trials_in_the_first_round() -> None:
    asked = request(500_000, dimensions=5)
    plan = make_plans(asked, None)[0]
    assert [(r.max_train_steps, r.trials) for r in plan.rounds] == [(5000, 60), (PRODUCTION, 2)]
    assert "halved" in plan.trade
    assert "SPC206" in codes(request(500_000, dimensions=9))
    assert "SPC206" not in codes(request(500_000, dimensions=2))


def test_plan_without_trouble_has_no_findings() -> None:
    assert codes(request()) == set()


FAMILIES = (None, "constant", "linear", "cosine", "wsd", "inverse_sqrt", "sqrt")


@given(
    production=st.integers(1, 10**7),
    budget=st.integers(1, 10**9),
    warmup=st.integers(0, 10**5),
    rounds_max=st.integers(1, 10),
    dimensions=st.none() | st.integers(1, 20),
    family=st.sampled_from(FAMILIES),
)
def test_every_plan_fits_its_budget_grows_strictly_and_ends_at_production(
    production: int,
    budget: int,
    warmup: int,
    rounds_max: int,
    dimensions: int | None,
    family: str | None,
) -> None:
    asked = PlanRequest(
        production_steps=production,
        budget=PlanBudget(steps=budget),
        warmup_steps=min(warmup, production),
        rounds_max=rounds_max,
        dimensions=dimensions,
    )
    schedule = Schedule(family, 1.0, asked.warmup_steps) if family else None
    plans = make_plans(asked, schedule)
    assert plans == make_plans(asked, schedule), "the same question, the same answer"
    assert len(plans) <= 5
    for plan in plans:
        assert list(plan.horizons) == sorted(set(plan.horizons))
        assert plan.horizons[-1] == production
        assert len(plan.rounds) <= rounds_max
        assert plan.horizons[0] >= min(asked.warmup_steps, production)
        assert plan.total.steps + plan.saved_by_reuse_steps <= budget
        trials = [r.trials for r in plan.rounds]
        assert trials == sorted(trials, reverse=True), "fewer, longer runs"
        assert min(trials) >= 1
        assert min(r.steps for r in plan.rounds) >= 0
    assert "rule failed" not in str(judge_plan(PlanFacts(asked, plans)))
