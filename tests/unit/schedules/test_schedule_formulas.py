"""Every family against formulae written a second time, and the properties all of them share."""

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import example, given

from paceline.schedules import DECAY_SHAPES, KINDS, MAX_STEPS, Schedule
from tests.unit.schedules.strategies import Case, cases

# progress p of the decay, final fraction f, power n -> share of the peak
DECAYS: dict[str, Callable[[float, float, float], float]] = {
    "linear": lambda p, f, _: f + (1 - f) * (1 - p),
    "wsd": lambda p, f, _: f + (1 - f) * (1 - p),
    "cosine": lambda p, f, _: f + (1 - f) * (1 + math.cos(math.pi * p)) / 2,
    "sqrt": lambda p, f, _: f + (1 - f) * (1 - p) ** 0.5,
    "one_minus_sqrt": lambda p, f, _: f + (1 - f) * (1 - p**0.5),
    "polynomial": lambda p, f, n: f + (1 - f) * (1 - p) ** n,
}


def expected_rate(s: Schedule, update: int, horizon: int) -> float:
    """The contract's section 2, word by word."""
    t, warmup, f = update - 1, s.warmup_steps, s.final_fraction
    if t < warmup:
        return s.peak * (t + 1) / warmup
    if s.kind in DECAYS:
        decay = horizon - warmup if s.decay_steps is None else s.decay_steps
        p = min(max((t - (horizon - decay)) / decay, 0.0), 1.0) if decay else 0.0
        return float(s.peak * DECAYS[s.kind](p, f, s.power))
    others: dict[str, Callable[[], float]] = {
        "constant": lambda: 1.0,
        "exponential": lambda: f ** ((t - warmup) / (horizon - warmup)),
        "inverse_sqrt": lambda: math.sqrt(max(warmup, 1) / max(t, warmup, 1)),
        "step": lambda: math.prod(s.factor for milestone in s.milestones if milestone <= t),
    }
    return float(s.peak * others[s.kind]())


def rates(case: Case) -> list[float]:
    return [case.schedule.learning_rate(s, case.horizon) for s in range(1, case.horizon + 1)]


@given(cases())
def test_every_family_follows_the_contract_at_every_step(case: Case) -> None:
    expected = [expected_rate(case.schedule, s, case.horizon) for s in range(1, case.horizon + 1)]
    assert rates(case) == pytest.approx(expected, rel=1e-9, abs=1e-15)


@given(cases())
def test_rates_stay_between_zero_and_the_peak_and_never_rise_after_the_warmup(case: Case) -> None:
    curve = rates(case)
    after_warmup = curve[case.schedule.warmup_steps :]
    ceiling = case.schedule.peak * (1 + 1e-12)
    assert all(0 <= rate <= ceiling for rate in curve)
    assert all(a >= b - 1e-12 for a, b in pairwise(after_warmup))


@given(cases(kinds=tuple(k for k in KINDS if k != "step")))
def test_the_peak_is_reached_as_the_warmup_ends(case: Case) -> None:
    last_of_warmup = max(case.schedule.warmup_steps, 1)
    rate = case.schedule.learning_rate(last_of_warmup, case.horizon)
    assert rate == pytest.approx(case.schedule.peak)


@given(cases(kinds=tuple(DECAY_SHAPES)))
def test_the_peak_holds_up_to_the_first_update_of_the_decay(case: Case) -> None:
    start = case.schedule.decay_start(case.horizon)
    held = range(max(case.schedule.warmup_steps, 1), min(start + 1, case.horizon) + 1)
    assert {case.schedule.learning_rate(s, case.horizon) for s in held} <= {case.schedule.peak}


@pytest.mark.parametrize("kind", sorted(DECAY_SHAPES))
@pytest.mark.parametrize("final_fraction", [0.0, 0.25])
def test_a_long_decay_ends_near_its_final_fraction(kind: str, final_fraction: float) -> None:
    schedule = Schedule(kind, 2.0, warmup_steps=10, final_fraction=final_fraction)
    assert schedule.learning_rate(10**8, 10**8) == pytest.approx(2 * final_fraction, abs=1e-3)


@pytest.mark.parametrize("kind", sorted(set(DECAY_SHAPES) - {"sqrt", "one_minus_sqrt"}))
def test_no_jump_at_the_edges_of_a_smooth_decay(kind: str) -> None:
    schedule = Schedule(kind, 1.0, warmup_steps=100, decay_steps=1000)
    curve = rates(Case(schedule, 5000))
    assert max(abs(a - b) for a, b in pairwise(curve)) < 0.011


def test_a_fraction_of_the_horizon_is_a_decay_in_steps() -> None:
    by_fraction = Schedule("wsd", 1.0, decay_fraction=0.2)
    by_steps = Schedule("wsd", 1.0, decay_steps=200)
    assert rates(Case(by_fraction, 1000)) == rates(Case(by_steps, 1000))
    assert by_fraction.resolve(1000) == by_steps
    assert by_fraction.decay_start(1000) == 800


def test_the_decay_starts_where_each_family_leaves_the_peak() -> None:
    starts = {
        "constant": Schedule("constant", 1.0),
        "exponential": Schedule("exponential", 1.0, warmup_steps=5, final_fraction=0.1),
        "inverse_sqrt": Schedule("inverse_sqrt", 1.0, warmup_steps=7),
        "step": Schedule("step", 1.0, milestones=(30, 60)),
        "wsd": Schedule("wsd", 1.0, decay_steps=20),
    }
    found = {kind: schedule.decay_start(100) for kind, schedule in starts.items()}
    assert found == {"constant": 100, "exponential": 5, "inverse_sqrt": 7, "step": 30, "wsd": 80}


@given(cases())
@example(Case(Schedule("inverse_sqrt", 1.0), 1))
def test_steps_outside_the_horizon_have_the_rate_of_the_nearer_end(case: Case) -> None:
    curve = rates(case)
    assert case.schedule.learning_rate(-3, case.horizon) == curve[0]
    assert case.schedule.learning_rate(case.horizon + 9, case.horizon) == curve[-1]


def test_the_longest_horizon_is_computed_without_walking_it() -> None:
    schedule = Schedule("cosine", 1.0, warmup_steps=1000)
    assert schedule.learning_rate(MAX_STEPS // 2, MAX_STEPS) == pytest.approx(0.5)
