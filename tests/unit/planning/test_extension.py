"""Policy 2.6, family by family: the new schedule, where to resume, the tiny-rate share."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.studies import Binding
from app.planning.extension import (
    Curve,
    clip_to_horizon,
    extend_schedule,
    promotion_schedules,
)
from paceline.schedules import DECAY_SHAPES, Schedule, ScheduleError
from tests.unit.schedules.strategies import Case, cases

HOLDING = ["linear", "sqrt", "one_minus_sqrt", "polynomial"]
LINEAR = Schedule("linear", 0.1, warmup_steps=100)
WSD = Schedule("wsd", 0.1, warmup_steps=100, decay_steps=200)
STAIRS = Schedule("step", 0.1, warmup_steps=50, milestones=(500, 750))


def codes(schedule: Schedule, old: int, new: int, decay_steps: int | None = None) -> list[str]:
    return [f.code for f in extend_schedule(schedule, old, new, decay_steps).findings]


@pytest.mark.parametrize("kind", HOLDING)
def test_a_decay_from_the_warmup_on_keeps_its_steps_and_the_peak_is_held_longer(kind: str) -> None:
    extension = extend_schedule(Schedule(kind, 0.1, warmup_steps=100), 1000, 3000)
    assert extension.schedule.decay_steps == 900
    assert extension.schedule.decay_start(3000) == 2100
    assert extension.resume_from_step == 100


def test_a_cosine_fills_the_new_horizon() -> None:
    extension = extend_schedule(Schedule("cosine", 0.1, 100, final_fraction=0.1), 1000, 3000)
    assert extension.schedule.decay_steps == 2900
    assert extension.schedule.final_fraction == 0.1
    assert extension.resume_from_step == 100
    assert extension.alternatives == ()


def test_a_wsd_keeps_its_decay_and_resumes_before_it() -> None:
    extension = extend_schedule(WSD, 1000, 1500)
    assert extension.schedule == WSD
    assert extension.resume_from_step == 800


def test_a_decay_given_as_a_fraction_keeps_the_steps_it_had() -> None:
    by_fraction = Schedule("wsd", 0.1, decay_fraction=0.2)
    assert extend_schedule(by_fraction, 1000, 1500).schedule.decay_steps == 200


@pytest.mark.parametrize("kind", ["constant", "inverse_sqrt"])
def test_a_rate_that_knows_no_horizon_goes_on_from_its_end(kind: str) -> None:
    schedule = Schedule(kind, 0.1, warmup_steps=100)
    extension = extend_schedule(schedule, 1000, 3000)
    assert extension.schedule == schedule
    assert extension.resume_from_step == 1000


def test_an_exponential_stretches_to_the_same_final_ratio() -> None:
    schedule = Schedule("exponential", 0.1, 100, final_fraction=0.01)
    extension = extend_schedule(schedule, 1000, 3000)
    assert extension.schedule.learning_rate(3000, 3000) == pytest.approx(0.001, rel=0.01)
    assert extension.resume_from_step == 100


def test_milestones_move_with_the_end_and_the_first_is_where_to_resume() -> None:
    extension = extend_schedule(STAIRS, 1000, 3000)
    assert extension.schedule.milestones == (2500, 2750)
    assert extension.resume_from_step == 500
    assert extension.alternatives[0].schedule.milestones == (1500, 2250)


def test_a_shorter_horizon_cuts_the_plateau_first() -> None:
    extension = extend_schedule(WSD, 2000, 1200)
    assert extension.schedule.decay_steps == 200
    assert extension.resume_from_step == 1000


def test_a_shorter_horizon_shortens_the_decay_when_no_plateau_is_left() -> None:
    assert extend_schedule(WSD, 2000, 250).schedule.decay_steps == 150
    assert extend_schedule(LINEAR, 2000, 1200).schedule.decay_steps == 1100
    assert extend_schedule(STAIRS, 1000, 250).schedule.milestones == (50, 150)


def test_a_constant_rate_cut_short_resumes_at_the_new_end() -> None:
    assert extend_schedule(Schedule("constant", 0.1), 2000, 1200).resume_from_step == 1200


@given(cases())
def test_the_same_horizon_changes_nothing(case: Case) -> None:
    extension = extend_schedule(case.schedule, case.horizon, case.horizon)
    same_until = extension.schedule.same_until(case.schedule, case.horizon, case.horizon)
    assert same_until == case.horizon
    assert extension.resume_from_step == case.horizon
    assert (extension.findings, extension.alternatives) == ((), ())


@given(cases(), st.integers(1, 1000))
def test_what_was_trained_up_to_the_resume_step_is_what_the_new_run_would_do(
    case: Case, new: int
) -> None:
    assume(new >= case.schedule.warmup_steps)
    extension = extend_schedule(case.schedule, case.horizon, new)
    shared = case.schedule.same_until(extension.schedule, case.horizon, new)
    assert 0 <= extension.resume_from_step <= min(shared, case.horizon, new)


@given(cases(), st.integers(1, 1000))
def test_the_tiny_rate_share_is_the_one_found_by_counting(case: Case, new: int) -> None:
    assume(new >= case.schedule.warmup_steps)
    extension = extend_schedule(case.schedule, case.horizon, new)

    def count(schedule: Schedule, horizon: int) -> int:
        limit = schedule.peak * 0.1 * (1 - 1e-9)
        after_warmup = range(schedule.warmup_steps + 1, horizon + 1)
        return sum(schedule.learning_rate(s, horizon) < limit for s in after_warmup)

    added = count(extension.schedule, new) - count(case.schedule, case.horizon)
    expected = max(0.0, added / (new - case.horizon)) if new > case.horizon else 0.0
    assert extension.added_steps_below_10_percent_of_peak == pytest.approx(expected)


@given(cases(), st.integers(1, 1000))
def test_curves_ascend_to_the_horizon_and_hold_true_rates(case: Case, new: int) -> None:
    assume(new >= case.schedule.warmup_steps)
    extension = extend_schedule(case.schedule, case.horizon, new)

    def check(curve: Curve, schedule: Schedule, horizon: int) -> None:
        assert len(curve.steps) >= min(20, horizon)
        assert curve.steps == tuple(sorted(set(curve.steps)))
        assert curve.steps[0] >= 1
        assert curve.steps[-1] == horizon
        rates = tuple(schedule.learning_rate(step, horizon) for step in curve.steps)
        assert curve.learning_rate == rates

    check(extension.curve_before, case.schedule.resolve(case.horizon), case.horizon)
    check(extension.curve_after, extension.schedule, new)


@given(cases(), st.integers(2, 1000))
def test_alternatives_fit_the_new_horizon_and_differ_from_the_default(case: Case, new: int) -> None:
    assume(new > case.horizon)
    extension = extend_schedule(case.schedule, case.horizon, new)
    offered = [alternative.schedule for alternative in extension.alternatives]
    for schedule in offered:
        schedule.validate(new)
    assert len(set(offered)) == len(offered)
    assert extension.schedule not in offered


def test_alternatives_of_each_family_are_those_of_the_table() -> None:
    def decays(schedule: Schedule) -> list[int | None]:
        return [
            a.schedule.decay_steps for a in extend_schedule(schedule, 1000, 10_000).alternatives
        ]

    assert decays(Schedule("constant", 0.1)) == [1000, 2000]
    assert decays(LINEAR) == [2000, 4000, 6000]
    assert decays(WSD) == [2000, 4000, 6000]
    assert decays(Schedule("inverse_sqrt", 0.1)) == [2000]
    assert decays(Schedule("exponential", 0.1, final_fraction=0.1)) == [1000]


def test_a_chosen_decay_overrules_the_rule_and_offers_the_rule() -> None:
    extension = extend_schedule(LINEAR, 1000, 3000, decay_steps=2900)
    assert extension.schedule.decay_steps == 2900
    assert 900 in [a.schedule.decay_steps for a in extension.alternatives]
    assert [f.code for f in extension.findings] == ["SCH702"]


def test_a_chosen_decay_gives_a_constant_rate_a_cooldown() -> None:
    extension = extend_schedule(Schedule("constant", 0.1), 1000, 1100, decay_steps=400)
    assert extension.schedule.kind == "wsd"
    assert extension.resume_from_step == 701  # update 701 is the last at the full rate


def test_a_cosine_with_a_shorter_decay_is_against_the_playbook() -> None:
    assert codes(Schedule("cosine", 0.1), 1000, 3000, decay_steps=1000) == ["SCH702"]


@pytest.mark.parametrize(
    ("final_fraction", "binding"), [(0.01, Binding.WARN), (0.001, Binding.ENFORCE)]
)
def test_added_steps_at_a_tiny_rate_are_found(final_fraction: float, binding: Binding) -> None:
    schedule = Schedule("exponential", 0.1, final_fraction=final_fraction)
    finding = extend_schedule(schedule, 10_000, 100_000).findings[0]
    assert (finding.code, finding.binding) == ("SCH701", binding)


def test_the_playbook_s_linear_extension_adds_almost_no_tiny_steps() -> None:
    extension = extend_schedule(Schedule("linear", 0.1), 10_000, 100_000)
    assert extension.added_steps_below_10_percent_of_peak <= 0.01


def test_a_decay_under_a_tenth_of_the_horizon_is_noted_and_a_tenth_is_not() -> None:
    assert codes(WSD, 1000, 2001) == ["SCH704"]
    assert codes(WSD, 1000, 2000) == []


def test_an_inverse_sqrt_that_is_mostly_far_below_its_peak_is_noted() -> None:
    schedule = Schedule("inverse_sqrt", 0.1, warmup_steps=1000)
    assert codes(schedule, 10_000, 100_000) == ["SCH704"]
    assert codes(schedule, 10_000, 20_000) == []


@pytest.mark.parametrize(
    ("schedule", "horizons", "decay_steps", "message"),
    [
        (Schedule("constant", 0.1, warmup_steps=2000), (1000, 3000), None, "2000 is longer"),
        (Schedule("constant", 0.1, warmup_steps=500), (1000, 400), None, "500 is longer"),
        (LINEAR, (1000, 3000), 2950, "at most 2900"),
        (LINEAR, (1000, 0), None, "max_train_steps must be"),
        (STAIRS, (1000, 3000), 100, "leave decay_steps out"),
    ],
)
def test_an_impossible_extension_is_refused_with_the_number(
    schedule: Schedule, horizons: tuple[int, int], decay_steps: int | None, message: str
) -> None:
    with pytest.raises(ScheduleError, match=message):
        extend_schedule(schedule, *horizons, decay_steps)


@given(cases(), st.integers(1, 1000))
def test_a_clipped_schedule_is_valid_at_any_horizon(case: Case, horizon: int) -> None:
    clip_to_horizon(case.schedule, horizon).validate(horizon)
    clip_to_horizon(case.schedule, horizon, case.horizon).validate(horizon)


def test_clipping_keeps_what_fits() -> None:
    by_fraction = Schedule("wsd", 0.1, warmup_steps=100, decay_fraction=0.2)
    assert clip_to_horizon(by_fraction, 250) == by_fraction
    assert clip_to_horizon(WSD, 4000) == WSD
    assert clip_to_horizon(WSD, 300) == WSD
    assert clip_to_horizon(LINEAR, 300) == LINEAR


def test_clipping_shortens_the_decay_then_the_warmup() -> None:
    assert clip_to_horizon(WSD, 250).decay_steps == 150
    clipped = clip_to_horizon(WSD, 80)
    assert (clipped.warmup_steps, clipped.decay_steps) == (79, 1)


def test_milestones_move_only_when_their_horizon_is_known_and_longer() -> None:
    assert clip_to_horizon(STAIRS, 800).milestones == (500, 750)
    assert clip_to_horizon(STAIRS, 800, 1000).milestones == (300, 550)
    assert clip_to_horizon(STAIRS, 2000, 1000).milestones == (500, 750)


def test_a_promoted_wsd_decays_over_a_fifth_where_its_own_decay_is_under_a_tenth() -> None:
    (promoted,) = promotion_schedules(WSD, 1000, 10_000)
    assert promoted.extension.schedule.decay_steps == 2000
    (kept,) = promotion_schedules(WSD, 1000, 2000)
    assert kept.extension.schedule.decay_steps == 200


@pytest.mark.parametrize("kind", HOLDING)
def test_a_decay_that_becomes_a_plateau_is_promoted_at_three_rates(kind: str) -> None:
    variants = promotion_schedules(Schedule(kind, 0.4, warmup_steps=10), 1000, 10_000)
    assert [v.extension.schedule.peak for v in variants] == [0.4, 0.2, 0.1]
    assert {v.extension.schedule.decay_steps for v in variants} == {990}
    assert "stable only while it decays" in variants[1].why


@given(st.sampled_from(sorted(DECAY_SHAPES)))
def test_promotion_at_the_same_horizon_changes_nothing(kind: str) -> None:
    schedule = Schedule(kind, 0.1, warmup_steps=10)
    (promoted,) = promotion_schedules(schedule, 1000, 1000)
    assert promoted.extension.schedule == schedule.resolve(1000)


def test_a_decay_that_follows_a_plateau_is_lengthened_whatever_its_family() -> None:
    (first, *_) = promotion_schedules(Schedule("linear", 0.4), 128, 724)
    assert first.extension.schedule.decay_steps == 128  # the whole of T1, 18% of T2: kept
    (second, *_) = promotion_schedules(first.extension.schedule, 724, 4096)
    assert second.extension.schedule.decay_steps == 819  # a fifth; kept it were 3%
    assert "a tenth of 4096 steps" in second.why


def test_a_variant_at_another_rate_says_why_the_rate() -> None:
    held = Schedule("linear", 0.4, decay_steps=128)
    *_, quarter = promotion_schedules(held, 724, 4096)
    assert quarter.why.startswith("0.25 of the winner's rate")
