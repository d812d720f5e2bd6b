"""Adaptive samplers learn from what our trials say, never repeat a point, and survive a restart."""

import math
from collections.abc import Iterator

import pytest

from app.domain.space import Parameter, Parameters, ParameterType, Scale, point_key
from app.domain.studies import SamplerDefinition, SamplerKind
from app.sampling import adaptive
from app.sampling.adaptive import Observation, Question

RATE = Parameter(ParameterType.FLOAT, low=1e-4, high=1.0, scale=Scale.LOG)
SPACE: Parameters = {"rate": RATE}


@pytest.fixture(autouse=True)
def empty_memory() -> Iterator[None]:
    adaptive.forget_all()
    yield
    adaptive.forget_all()


def distance(rate: float) -> float:
    return abs(math.log10(rate) + 3)


def seen(*rates: float) -> list[Observation]:
    return [Observation({"rate": rate}, distance(rate)) for rate in rates]


def asked(history: list[Observation], kind: SamplerKind = SamplerKind.TPE) -> float:
    question = Question(("study", 1), SamplerDefinition(kind, seed=3), SPACE, history)
    point = adaptive.suggest(question)
    assert point is not None
    return float(point["rate"])


@pytest.mark.parametrize("kind", [SamplerKind.TPE, SamplerKind.CMA_ES])
def test_suggestions_come_nearer_to_the_best_rate(kind: SamplerKind) -> None:
    history = seen(*(10 ** (-4 + place / 2.5) for place in range(11)))
    for _ in range(30):
        history += seen(asked(history, kind))
    late = [observation.value for observation in history[-10:]]
    assert sum(value for value in late if value is not None) / 10 < 0.75


def test_a_diverged_point_is_told_as_very_bad() -> None:
    history = [*seen(1e-3, 2e-3, 5e-4), Observation({"rate": 0.9}, math.inf)]
    for _ in range(15):
        history += seen(asked(history))
    near = [rate for rate in (float(o.params["rate"]) for o in history[4:]) if rate > 0.5]
    assert len(near) <= 3, near


def test_a_point_that_still_runs_is_not_suggested_again() -> None:
    space: Parameters = {"width": Parameter(ParameterType.CATEGORICAL, choices=(1, 2, 3))}
    history: list[Observation] = []
    for _ in range(3):
        question = Question(("s", 1), SamplerDefinition(SamplerKind.TPE), space, tuple(history))
        point = adaptive.suggest(question)
        assert point is not None
        history.append(Observation(point, None))
    assert len({point_key(observation.params) for observation in history}) == 3
    last = Question(("s", 1), SamplerDefinition(SamplerKind.TPE), space, tuple(history))
    assert adaptive.suggest(last) is None, "the space is exhausted"


def test_a_restart_rebuilds_what_was_learned() -> None:
    history = seen(*(10 ** (-4 + place / 5) for place in range(21)))
    adaptive.forget_all()
    suggestions = []
    for _ in range(10):
        rate = asked(history)
        suggestions.append(distance(rate))
        history += seen(rate)
    assert sum(suggestions) / 10 < 0.75
