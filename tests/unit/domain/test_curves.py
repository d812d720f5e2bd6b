"""Curves: batches, the best step kept incrementally, and the lineage that says what counts."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.curves import (
    Batch,
    Best,
    Segment,
    continue_lineage,
    follow,
    steps_beyond,
)
from app.domain.errors import InvalidInput
from app.domain.ids import AttemptId
from app.domain.studies import MAX_STEPS, Direction

A, B, C = AttemptId("a"), AttemptId("b"), AttemptId("c")
VALUES = st.none() | st.floats(allow_nan=True, allow_infinity=True)
CURVES = st.dictionaries(st.integers(0, 200), VALUES, min_size=1, max_size=40)


def batch(points: dict[int, float | None], metric: str = "val") -> Batch:
    ordered = dict(sorted(points.items()))
    return Batch(tuple(ordered), {metric: tuple(ordered.values())})


def best_of(curve: dict[int, float | None], direction: Direction) -> tuple[int, float] | None:
    """The definition in one line: the best finite value, the earliest step on ties."""
    finite = [
        (direction.sign * v, s) for s, v in curve.items() if v is not None and math.isfinite(v)
    ]
    return (min(finite)[1], direction.sign * min(finite)[0]) if finite else None


@given(CURVES, st.sampled_from(Direction), st.randoms(), st.integers(1, 10))
def test_best_step_does_not_depend_on_batches_or_their_order(
    curve: dict[int, float | None], direction: Direction, luck: random.Random, size: int
) -> None:
    points = list(curve.items())
    luck.shuffle(points)
    best = Best()
    for start in range(0, len(points), size):
        best = follow(best, batch(dict(points[start : start + size])), "val", direction)
    expected = best_of(curve, direction)
    assert (best.step, best.value) == (expected or (None, None))
    assert best.last_step == max(curve)


@given(CURVES)
def test_first_step_that_is_not_finite_is_remembered(curve: dict[int, float | None]) -> None:
    broken = [s for s, v in curve.items() if v is not None and not math.isfinite(v)]
    best = follow(Best(), batch(curve), "val", Direction.MINIMIZE)
    assert best.first_nonfinite_step == (min(broken) if broken else None)


def test_tie_goes_to_the_earlier_step_even_when_it_comes_later() -> None:
    best = follow(Best(), batch({10: 0.5}), "val", Direction.MINIMIZE)
    assert follow(best, batch({5: 0.5}), "val", Direction.MINIMIZE).step == 5
    assert follow(best, batch({15: 0.5}), "val", Direction.MINIMIZE).step == 10


def test_other_metrics_do_not_make_a_best_but_their_nan_counts() -> None:
    best = follow(Best(), batch({3: math.nan}, "train"), "val", Direction.MINIMIZE)
    assert (best.step, best.first_nonfinite_step, best.last_step) == (None, 3, 3)


@pytest.mark.parametrize(
    ("steps", "values", "named"),
    [
        ((1, 2), (0.1,), "1 values for 2 steps"),
        ((2, 2), (0.1, 0.1), "2 follows 2"),
        ((2, 1), (0.1, 0.1), "1 follows 2"),
        ((-1,), (0.1,), "between 0"),
        ((MAX_STEPS + 1,), (0.1,), "between 0"),
    ],
)
def test_batch_that_is_no_curve_is_refused_with_the_number(
    steps: tuple[int, ...], values: tuple[float, ...], named: str
) -> None:
    with pytest.raises(InvalidInput, match=named):
        Batch(steps, {"val": values})


def test_empty_batch_changes_nothing() -> None:
    best = Best(5, 0.5, 9)
    assert follow(best, Batch((), {"val": ()}), "val", Direction.MINIMIZE) == best


def test_first_attempt_writes_the_whole_curve() -> None:
    assert continue_lineage((), A, None) == (Segment(A, 0),)


def test_resume_cuts_the_predecessor_at_its_step() -> None:
    lineage = continue_lineage((Segment(A, 0),), B, 40)
    assert lineage == (Segment(A, 0, 40), Segment(B, 41))


def test_resume_before_a_former_resume_drops_what_lay_between() -> None:
    lineage = continue_lineage((Segment(A, 0, 40), Segment(B, 41)), C, 20)
    assert lineage == (Segment(A, 0, 20), Segment(C, 21))


def test_resume_at_the_same_step_replaces_the_attempt_that_wrote_nothing_kept() -> None:
    lineage = continue_lineage((Segment(A, 0, 40), Segment(B, 41)), C, 40)
    assert lineage == (Segment(A, 0, 40), Segment(C, 41))


def test_start_from_nothing_masks_everything_step_zero_included() -> None:
    assert continue_lineage((Segment(A, 0, 40), Segment(B, 41)), C, None) == (Segment(C, 0),)


@given(st.lists(st.none() | st.integers(0, 100), max_size=8), st.integers(0, 120))
def test_every_step_belongs_to_exactly_one_attempt(resumes: list[int | None], step: int) -> None:
    lineage = continue_lineage((), AttemptId("0"), None)
    for number, resumed in enumerate(resumes, start=1):
        lineage = continue_lineage(lineage, AttemptId(str(number)), resumed)
    assert sum(segment.covers(step) for segment in lineage) == 1
    assert lineage[-1].attempt_id == str(len(resumes))


@pytest.mark.parametrize(
    ("steps", "first"), [([1, 20], None), ([19, 20, 21, 30], 21), ([], None), ([25], 25)]
)
def test_first_step_beyond_the_horizon_is_named(steps: list[int], first: int | None) -> None:
    assert steps_beyond(steps, 20) == first
