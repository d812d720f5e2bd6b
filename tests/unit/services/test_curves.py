"""Buckets of a curve: few enough to draw, and nothing hidden."""

from dataclasses import replace

import numpy as np
import pytest

from app.services.curves import bucketed
from tests.support.trials import RUNNING

TRIAL = replace(RUNNING, max_train_steps=1000, interval_steps=1)


@pytest.mark.parametrize("points", [1, 7, 100, 1000, 5000])
def test_every_bucket_keeps_the_extremes_of_what_it_covers(points: int) -> None:
    steps = np.arange(1, 1001)
    values = np.sin(steps / 3.0)
    found = bucketed(TRIAL, "val", (steps, values), points)
    assert found.points_total == 1000
    assert found.steps.size == min(points, 1000)
    assert found.steps[-1] == 1000
    assert found.min.min() == values.min()
    assert found.max.max() == values.max()
    assert found.last[-1] == values[-1]


def test_a_spike_of_one_point_is_seen_in_its_bucket() -> None:
    values = np.zeros(1000)
    values[345] = 9.0
    found = bucketed(TRIAL, "val", (np.arange(1, 1001), values), 10)
    assert found.max.tolist() == [0, 0, 0, 9, 0, 0, 0, 0, 0, 0]


def test_infinities_are_extremes_and_nan_is_named_only_where_nothing_else_is() -> None:
    values = np.array([1.0, np.nan, np.inf, 2.0, np.nan, np.nan])
    found = bucketed(TRIAL, "val", (np.arange(1, 7), values), 3)
    assert found.min.tolist()[:2] == [1.0, 2.0]
    assert found.max.tolist()[:2] == [1.0, np.inf]
    assert np.isnan(found.min[2])
    assert np.isnan(found.max[2])


def test_an_empty_curve_has_no_points() -> None:
    found = bucketed(TRIAL, "val", (np.empty(0, np.int64), np.empty(0)), 10)
    assert (found.points_total, found.steps.size, found.min.size, found.last.size) == (0, 0, 0, 0)
