"""TPE, CMA-ES and GP through Optuna's ask and tell, its study in memory, rebuilt from our trials.

Never Optuna's storage: it costs milliseconds a report and knows neither fences nor leases.
"""

import math
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING

from app.domain.errors import ExtraMissing
from app.domain.space import Parameters, point_key
from app.domain.studies import SamplerDefinition, SamplerKind
from app.sampling import uniform
from app.sampling.request import DrawRequest, Values

if TYPE_CHECKING:
    import optuna

KEPT_STUDIES = 32
TRIES = 20  # suggestions in a row that may be known points before chance decides


@dataclass(frozen=True, slots=True)
class Observation:
    """A point and its normalised value: None while it waits or runs, infinite if it diverged."""

    params: Values
    value: float | None

    @property
    def key(self) -> str:
        return point_key(self.params)


@dataclass(frozen=True, slots=True)
class Question:
    """The round (study's id and number), its sampler, its space, and all of its points so far."""

    round: tuple[str, int]
    sampler: SamplerDefinition
    parameters: Parameters
    history: Sequence[Observation]


@dataclass(slots=True)
class Memory:
    """An Optuna study, the keys of points it was told of, and its own open suggestions by key."""

    study: "optuna.Study"
    told: set[str] = field(default_factory=set)
    asked: dict[str, "optuna.Trial"] = field(default_factory=dict)


_memories: OrderedDict[tuple[str, int], Memory] = OrderedDict()
_lock = threading.Lock()


def check_installed(kind: SamplerKind) -> None:
    """Raises ExtraMissing, with the line to type, where a sampler's own library is absent."""
    if kind is SamplerKind.GP and find_spec("torch") is None:
        raise ExtraMissing(
            "the gp sampler needs PyTorch, which is not installed",
            hint="pip install 'paceline[gp]'",
        )


def suggest(question: Question) -> Values | None:
    """One point that the round does not have yet; None if the sampler finds no new one."""
    from app.sampling import optuna_study  # noqa: PLC0415 - start-up: Optuna takes a second to load

    check_installed(question.sampler.kind)
    known = {observation.key for observation in question.history}
    with _lock:
        memory = _memory_of(question)
        _tell(memory, question)
        for _ in range(TRIES):
            trial = memory.study.ask()
            values = optuna_study.suggest_values(trial, question.parameters)
            if point_key(values) not in known:
                memory.asked[point_key(values)] = trial
                return values
            optuna_study.drop(memory.study, trial)
    return _any_new(question, known)


def _any_new(question: Question, known: set[str]) -> Values | None:
    """Almost all was tried: a learned sampler repeats itself, so chance finds the rest."""
    request = DrawRequest(
        question.parameters, question.sampler.seed, 1, len(known), frozenset(known)
    )
    return next(iter(uniform.points(request).points), None)


def forget_all() -> None:
    """Empty the cache, as a restart does."""
    with _lock:
        _memories.clear()


def _memory_of(question: Question) -> Memory:
    from app.sampling import optuna_study  # noqa: PLC0415 - start-up: Optuna takes a second to load

    memory = _memories.get(question.round)
    if memory is None:
        memory = _memories[question.round] = Memory(optuna_study.new_study(question.sampler))
    _memories.move_to_end(question.round)
    while len(_memories) > KEPT_STUDIES:
        _memories.popitem(last=False)
    return memory


def _tell(memory: Memory, question: Question) -> None:
    """Only what is new is told, so the cost is one suggestion, not the history."""
    from app.sampling import optuna_study  # noqa: PLC0415 - start-up: Optuna takes a second to load

    ended = [(o, o.value) for o in question.history if o.value is not None]
    worst = _very_bad([value for _, value in ended])
    for observation, value in ended:
        if observation.key in memory.told:
            continue
        told = value if math.isfinite(value) else worst
        trial = memory.asked.pop(observation.key, None)
        optuna_study.tell(memory.study, trial, observation.params, question.parameters, told)
        memory.told.add(observation.key)


def _very_bad(values: Sequence[float]) -> float:
    """What a diverged point is told as: the worst yet, and its distance to the best once more."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return 1.0
    return max(finite) + max(max(finite) - min(finite), abs(max(finite)), 1e-6)
