"""The number of policy 2.1: longer, shorter or keep, read from the best so far."""

import math

import numpy as np
import pytest

from app.domain.schedules import ScheduleDefinition
from app.domain.studies import Direction
from app.policy.best_steps import best_steps, smooth
from app.policy.decay_trap import constant_part, is_annealed
from app.policy.good_steps import fastest_good
from app.policy.horizon_number import HorizonNumber, recommended_number, relative_gap
from app.policy.prepare import prepare
from tests.unit.policy import builders as b


def number(curves: list[list[float]], **changes: object) -> HorizonNumber:
    return recommended_number(prepare(b.alike(curves, **changes), 1))


def power(exponent: float) -> list[float]:
    """A curve that still falls at its end."""
    return [(i + 1) ** -exponent for i in range(50)]


def test_curve_that_still_falls_asks_for_twice() -> None:
    found = number([power(0.3)] * 5)
    assert (found.kind, found.recommended) == ("extend", 2000)


def test_curve_that_arrived_by_a_quarter_asks_for_less() -> None:
    found = number([[1.0, 0.7, 0.4] + [0.2] * 47] * 5)
    assert (found.kind, found.recommended) == ("reduce", 120)


def test_curve_that_arrives_in_time_is_kept() -> None:
    curve = [max(0.2, 1 - i / 25) for i in range(50)]
    found = number([curve] * 5)
    assert (found.kind, found.recommended) == ("keep", 1000)


def test_nothing_measured_is_kept() -> None:
    assert number([]).recommended == 1000
    assert number([[0.1]]).kind == "keep"


def test_reduction_is_at_most_three_quarters() -> None:
    """First measured at 60% of training, as good as ever after: 1.5 x would be 90%."""
    study = b.definition()
    made = [b.rate_trial(study, r, [0.2, 0.2], steps=[600, 1000]) for r in b.rates()]
    facts = b.study_facts(study, b.round_facts(study, made))
    assert recommended_number(prepare(facts, 1)).recommended == 750


@pytest.mark.parametrize(("gain", "kind"), [(0.009, "keep"), (0.011, "extend")])
def test_threshold_of_longer_is_one_percent(gain: float, kind: str) -> None:
    """From half on the curve falls on a line, so that g50 = 2 g75 = gain."""
    falling = [2.0] * 20 + [1.0 + gain] * 5 + [1.0 + gain * (1 - i / 25) for i in range(1, 26)]
    settled = number([falling] * 5)
    assert settled.evidence["g50"] == pytest.approx(gain, rel=1e-6)
    assert settled.kind == kind


def test_noise_raises_the_threshold() -> None:
    rng = np.random.default_rng(0)
    curves = [[1 - 0.02 * i / 50 + rng.normal(0, 0.05) for i in range(50)] for _ in range(9)]
    assert number(curves).kind != "extend"


def test_accuracy_is_turned_into_an_error_first() -> None:
    """From .80 to .99 the error falls by a factor of 20; of the accuracy it would be a fifth."""
    accuracy = b.Objective("val_accuracy", Direction.MAXIMIZE)
    curve = [-(0.8 + 0.19 * (i + 1) / 50) for i in range(50)]
    facts = prepare(b.alike([curve] * 5, objective=accuracy), 1)
    assert relative_gap(facts, 0.5) == pytest.approx(0.095 / 0.01, rel=1e-6)


def test_unit_of_an_error_rate_has_a_floor() -> None:
    curve = [0.5] * 25 + [0.0001] * 25
    gap = relative_gap(prepare(b.alike([curve] * 5), 1), 0.4)
    assert gap == pytest.approx((0.5 - 0.0001) / 0.01)


def test_fastest_good_step_is_of_any_rate() -> None:
    found = fastest_good(prepare(b.alike([b.arriving(50)] * 4 + [b.arriving(4)]), 1))
    assert found is not None
    assert found.step == 80
    assert found.configuration.params["learning_rate"] == pytest.approx(1.0)


def test_smoothing_ignores_a_single_lucky_value() -> None:
    assert smooth(np.array([3.0, 3.0, 0.0, 3.0, 3.0])).min() == 3.0


def test_robust_best_step_is_the_earliest_on_a_plateau() -> None:
    plateau = [1.0, 0.5] + [0.1, 0.1001] * 24
    found = best_steps(prepare(b.alike([plateau] * 5), 1))
    assert max(found.robust) <= 0.08


def test_metric_that_never_leaves_its_noise_has_no_best_step() -> None:
    facts = prepare(b.alike([[0.5, 0.6] * 25] * 5), 1)
    assert facts.competitive
    assert best_steps(facts).missing in {("signal",), ()}


@pytest.mark.parametrize(
    ("kind", "fraction", "annealed", "constant"),
    [("constant", None, False, 1000), ("wsd", 0.2, True, 800), ("cosine", None, True, 0)],
)
def test_decay_trap_reads_the_schedule(
    kind: str, fraction: float | None, annealed: bool, constant: int
) -> None:
    schedule = ScheduleDefinition(kind=kind, peak="learning_rate", decay_fraction=fraction)
    facts = prepare(b.alike([b.arriving(50)] * 5, schedule=schedule), 1)
    assert (is_annealed(facts), constant_part(facts)) == (annealed, constant)


def test_numbers_are_finite_even_for_a_perfect_result() -> None:
    found = number([[1.0] * 10 + [0.0] * 40] * 5)
    assert all(value is None or math.isfinite(value) for value in found.evidence.values())
