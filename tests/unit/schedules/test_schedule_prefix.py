"""Up to which step two schedules agree: what decides whether a checkpoint may be used again."""

from hypothesis import example, given

from paceline.schedules import SAME_RATE, Schedule
from tests.unit.schedules.strategies import Case, cases


def walked(one: Case, other: Case) -> int:
    """same_until by looking at every step."""
    tolerance = SAME_RATE * max(one.schedule.peak, other.schedule.peak)
    for step in range(1, min(one.horizon, other.horizon) + 1):
        mine = one.schedule.learning_rate(step, one.horizon)
        if abs(mine - other.schedule.learning_rate(step, other.horizon)) > tolerance:
            return step - 1
    return min(one.horizon, other.horizon)


@given(cases(), cases())
def test_the_common_prefix_is_the_one_found_by_walking(one: Case, other: Case) -> None:
    found = one.schedule.same_until(other.schedule, one.horizon, other.horizon)
    assert found == walked(one, other)


@given(cases(), cases())
@example(Case(Schedule("cosine", 1.0), 300), Case(Schedule("linear", 1.0, decay_steps=120), 300))
def test_schedules_that_share_peak_and_warmup_part_at_the_right_step(a: Case, b: Case) -> None:
    warmup = min(a.schedule.warmup_steps, a.horizon, b.horizon)
    if b.schedule.decay_steps is not None:
        warmup = min(warmup, b.horizon - b.schedule.decay_steps)
    wire = {**b.schedule.to_dict(), "peak": a.schedule.peak, "warmup_steps": warmup}
    one = Case(Schedule.from_dict({**a.schedule.to_dict(), "warmup_steps": warmup}), a.horizon)
    other = Case(Schedule.from_dict(wire), b.horizon)
    found = one.schedule.same_until(other.schedule, one.horizon, other.horizon)
    assert found == walked(one, other)


@given(cases())
def test_a_schedule_agrees_with_itself_to_the_end(case: Case) -> None:
    assert case.schedule.same_until(case.schedule, case.horizon, case.horizon) == case.horizon


def test_a_longer_wsd_agrees_through_the_first_update_of_the_shorter_decay() -> None:
    schedule = Schedule("wsd", 0.1, warmup_steps=100, decay_steps=200)
    assert schedule.same_until(schedule, 1000, 100_000) == 801


def test_another_peak_shares_nothing() -> None:
    assert Schedule("constant", 0.1).same_until(Schedule("constant", 0.2), 50, 50) == 0


def test_a_constant_rate_is_shared_to_the_shorter_horizon() -> None:
    constant = Schedule("constant", 0.1, warmup_steps=10)
    assert constant.same_until(constant, 2**50, 2**40) == 2**40


def test_a_slow_start_of_a_decay_is_shared_as_far_as_it_is_the_same_rate() -> None:
    one = Case(Schedule("cosine", 1.0), 1_000_000)
    other = Case(Schedule("constant", 1.0), 1_000_000)
    found = one.schedule.same_until(other.schedule, one.horizon, other.horizon)
    assert 1 < found == walked(one, other)
