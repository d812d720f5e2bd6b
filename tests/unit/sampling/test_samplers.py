"""Samplers without history: what is drawn, in which order, and where they end."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import InvalidDefinition
from app.domain.space import Parameter, Parameters, ParameterType, Scale, point_key
from app.domain.studies import SamplerDefinition, SamplerKind
from app.sampling import grid
from app.sampling.draw import STARTUP_POINTS, draw
from app.sampling.request import Drawn, DrawRequest
from app.sampling.size import size_of

RATE = Parameter(ParameterType.FLOAT, low=1e-4, high=1.0, scale=Scale.LOG)
MOMENTUM = Parameter(ParameterType.FLOAT, low=0.5, high=0.9)
WIDTH = Parameter(ParameterType.CATEGORICAL, choices=(32, 64))
SPACE: Parameters = {"rate": RATE, "momentum": MOMENTUM}
BY_INDEX = (SamplerKind.QUASI_RANDOM, SamplerKind.RANDOM)


def drawn(kind: SamplerKind, count: int, *, space: Parameters = SPACE, index: int = 0) -> Drawn:
    request = DrawRequest(space, seed=7, count=count, first_index=index)
    return draw(SamplerDefinition(kind), request)


@pytest.mark.parametrize("kind", BY_INDEX)
def test_points_by_index_do_not_depend_on_how_they_are_asked_for(kind: SamplerKind) -> None:
    whole = drawn(kind, 20)
    first = drawn(kind, 7)
    rest = drawn(kind, 13, index=first.next_index)
    assert whole.points == first.points + rest.points
    assert whole.next_index == rest.next_index == 20


@given(st.sampled_from(BY_INDEX), st.integers(0, 5000), st.integers(1, 40))
def test_every_point_lies_inside_its_ranges(kind: SamplerKind, index: int, count: int) -> None:
    for point in drawn(kind, count, index=index).points:
        assert list(point) == ["rate", "momentum"]
        assert all(SPACE[name].contains(value) for name, value in point.items())


def test_quasi_random_points_fill_a_log_scale_evenly() -> None:
    points = drawn(SamplerKind.QUASI_RANDOM, 64).points
    decades = [math.floor(math.log10(float(point["rate"]))) for point in points]
    assert all(14 <= decades.count(decade) <= 18 for decade in (-4, -3, -2, -1))


def test_a_wider_space_skips_the_box_that_was_covered_before() -> None:
    old: Parameters = {"rate": Parameter(ParameterType.FLOAT, low=1e-3, high=1.0, scale=Scale.LOG)}
    request = DrawRequest({"rate": RATE}, seed=1, count=6, skip_boxes=(old,))
    points = draw(SamplerDefinition(), request).points
    assert len(points) == 6
    assert all(float(point["rate"]) < 1e-3 for point in points)


@pytest.mark.parametrize("kind", BY_INDEX)
def test_a_finite_space_ends_early_and_repeats_nothing(kind: SamplerKind) -> None:
    space: Parameters = {
        "width": WIDTH,
        "layers": Parameter(ParameterType.INT, low=1, high=3),
    }
    found = drawn(kind, 50, space=space).points
    assert len(found) == size_of(space) == 6
    assert len({point_key(point) for point in found}) == 6


@pytest.mark.parametrize("kind", BY_INDEX)
def test_known_points_are_passed_over(kind: SamplerKind) -> None:
    space: Parameters = {"width": WIDTH}
    request = DrawRequest(space, 0, 5, known=frozenset({point_key({"width": 32})}))
    assert draw(SamplerDefinition(kind), request).points == ({"width": 64},)


def test_an_inactive_parameter_is_left_out_of_the_point() -> None:
    warmup = Parameter(ParameterType.INT, low=1, high=100, when={"width": 64})
    points = drawn(SamplerKind.QUASI_RANDOM, 30, space={"width": WIDTH, "warmup": warmup}).points
    assert all(("warmup" in point) == (point["width"] == 64) for point in points)


def test_a_space_without_dimensions_holds_one_point() -> None:
    assert drawn(SamplerKind.QUASI_RANDOM, 5, space={}).points == ({},)


def test_a_grid_is_even_on_the_parameters_own_scale() -> None:
    request = DrawRequest({"rate": RATE}, 0, 100)
    sampler = SamplerDefinition(SamplerKind.GRID, points={"rate": 5})
    rates = [float(point["rate"]) for point in draw(sampler, request).points]
    assert rates == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1, 1.0])


def test_a_grid_that_names_no_number_is_refused_with_the_line_to_write() -> None:
    with pytest.raises(InvalidDefinition) as refused:
        grid.size({"rate": RATE}, {})
    assert "rate: 9" in refused.value.hint


def test_a_grid_with_too_many_points_is_refused_with_the_number() -> None:
    with pytest.raises(InvalidDefinition, match="1000000"):
        grid.size({"rate": RATE, "momentum": MOMENTUM}, {"rate": 1000, "momentum": 1000})


def test_an_adaptive_sampler_begins_with_quasi_random_points() -> None:
    begin = drawn(SamplerKind.TPE, 30)
    assert begin.points == drawn(SamplerKind.QUASI_RANDOM, STARTUP_POINTS).points
