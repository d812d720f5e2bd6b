"""What a longer horizon may not change of a schedule: its peak, its decay, its end, and that it has
no jumps of its own."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.planning.extension import extend_schedule, promotion_schedules
from paceline.schedules import DECAY_SHAPES, KINDS, Schedule
from tests.unit.schedules.strategies import Case, cases

SMOOTH = tuple(kind for kind in KINDS if kind != "step")
ENDING = (*DECAY_SHAPES, "exponential")  # they end at their final fraction of the peak
KEPT = tuple(kind for kind in DECAY_SHAPES if kind != "cosine")  # their decay keeps its steps
LONGER = st.integers(1, 400)
soon = settings(max_examples=60, deadline=None)


def rates(schedule: Schedule, horizon: int) -> list[float]:
    """The rate of every update."""
    return [schedule.learning_rate(step, horizon) for step in range(1, horizon + 1)]


def largest_drop(schedule: Schedule, horizon: int) -> float:
    """The largest fall from one update to the next."""
    return max((a - b for a, b in pairwise(rates(schedule, horizon))), default=0.0)


@soon
@given(cases(), LONGER)
def test_the_peak_and_the_warmup_stay(case: Case, added: int) -> None:
    new = case.horizon + added
    after = extend_schedule(case.schedule, case.horizon, new).schedule
    assert (after.peak, after.warmup_steps) == (case.schedule.peak, case.schedule.warmup_steps)
    assert max(rates(after, new)) <= case.schedule.peak * (1 + 1e-12)


@soon
@given(cases(kinds=KEPT), LONGER)
def test_the_decay_keeps_its_steps_and_ends_the_same_way(case: Case, added: int) -> None:
    old, new = case.horizon, case.horizon + added
    after = extend_schedule(case.schedule, old, new).schedule
    length = case.schedule.decay_length(old)
    assert after.decay_length(new) == length
    last = min(length, old)
    kept = rates(case.schedule, old)[old - last :]
    assert rates(after, new)[new - last :] == pytest.approx(kept)


@soon
@given(cases(kinds=("cosine", "exponential")), LONGER)
def test_what_fills_the_horizon_ends_at_the_same_share_of_the_peak(case: Case, added: int) -> None:
    old, new = case.horizon, case.horizon + added
    after = extend_schedule(case.schedule, old, new).schedule
    assert after.final_fraction == case.schedule.final_fraction
    ends = [s.learning_rate(t + 1, t + 1) for s, t in ((case.schedule, old), (after, new))]
    assert all(end >= case.schedule.final_fraction * case.schedule.peak * 0.99 for end in ends)


@soon
@given(cases(kinds=ENDING), LONGER)
def test_an_extension_adds_no_jump(case: Case, added: int) -> None:
    """No fall between two updates is larger than the largest that the schedule had already, the
    fall to its very end included."""
    old, new = case.horizon, case.horizon + added
    after = extend_schedule(case.schedule, old, new).schedule
    end = case.schedule.final_fraction * case.schedule.peak
    had = max(largest_drop(case.schedule, old), case.schedule.learning_rate(old, old) - end)
    assert largest_drop(after, new) <= had + 1e-9 * case.schedule.peak


@soon
@given(cases(kinds=SMOOTH), LONGER)
def test_a_promoted_schedule_keeps_the_peak_times_its_factor(case: Case, added: int) -> None:
    for variant in promotion_schedules(case.schedule, case.horizon, case.horizon + added):
        peak = case.schedule.peak * variant.rate_factor
        assert variant.extension.schedule.peak == pytest.approx(peak)


@soon
@given(cases(kinds=("step",)), LONGER)
def test_stairs_keep_their_distance_to_the_end(case: Case, added: int) -> None:
    old, new = case.horizon, case.horizon + added
    moved = extend_schedule(case.schedule, old, new).schedule.milestones
    assert [new - m for m in moved] == [old - m for m in case.schedule.milestones]
