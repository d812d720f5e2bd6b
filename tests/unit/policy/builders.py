"""Small builders of facts out of synthetic curves, for the judge's and the adviser's tests."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any  # Any: a builder forwards whatever field a test wants to set

import numpy as np

from app.domain.ids import TrialId
from app.domain.recommendations import JudgedVerdict
from app.domain.rounds import Purpose, RoundDefinition
from app.domain.schedules import Names, RoleReference, ScheduleDefinition, resolve
from app.domain.space import Parameter, ParameterType, Role, Scale, Value, point_key
from app.domain.states import RoundState, TrialState
from app.domain.studies import Job, Objective, SamplerDefinition, SamplerKind, StudyDefinition
from app.policy.engine import assess
from app.policy.facts import RoundFacts, StudyFacts, TrialFacts

__all__ = [
    "JudgedVerdict",
    "Objective",
    "Role",
    "RoleReference",
    "SamplerDefinition",
    "ScheduleDefinition",
    "StudyDefinition",
    "StudyFacts",
    "TrialFacts",
    "TrialId",
]
HORIZON = 1000
GRID = SamplerDefinition(kind=SamplerKind.GRID)
RANDOM = SamplerDefinition(kind=SamplerKind.RANDOM)


def rate_parameter(low: float = 1e-4, high: float = 1.0, **changes: Any) -> Parameter:
    """A log-scaled learning rate."""
    given: dict[str, Any] = {"scale": Scale.LOG, "role": Role.LEARNING_RATE, **changes}
    return Parameter(type=ParameterType.FLOAT, low=low, high=high, **given)


def number(low: float = 0.0, high: float = 1.0, **changes: Any) -> Parameter:
    """A linear parameter of any other role."""
    return Parameter(type=ParameterType.FLOAT, low=low, high=high, **changes)


def choice(*values: Value, **changes: Any) -> Parameter:
    """A categorical parameter."""
    return Parameter(type=ParameterType.CATEGORICAL, choices=values, **changes)


def fixed_schedule(peak: float) -> ScheduleDefinition:
    """A constant rate that is not searched."""
    return ScheduleDefinition(kind="constant", peak=peak)


def definition(**changes: Any) -> StudyDefinition:
    """A study that minimises val_error over one log-scaled rate: constant schedule, grid."""
    given: dict[str, Any] = {
        "name": "built",
        "objective": Objective(metric="val_error"),
        "job": Job(command=("python", "train.py"), resumable=True),
        "parameters": {"learning_rate": rate_parameter()},
        "max_train_steps": HORIZON,
        "schedule": ScheduleDefinition(kind="constant", peak="learning_rate"),
        "sampler": GRID,
        "trials": 9,
        **changes,
    }
    return StudyDefinition(**given)


def round_definition(study: StudyDefinition, **changes: Any) -> RoundDefinition:
    """The study's first round as a complete round definition, with what a test changes."""
    given: dict[str, Any] = {
        "purpose": Purpose.TUNE,
        "max_train_steps": study.max_train_steps,
        "parameters": study.parameters,
        "fixed": study.fixed,
        "schedule": study.schedule,
        "sampler": study.sampler,
        "seeds": study.seeds,
        "tags": study.tags,
        "evaluate_every_steps": study.evaluate_every_steps,
        "trials": study.trials,
        **changes,
    }
    return RoundDefinition(**given)


def evaluations(horizon: int = HORIZON, count: int = 50) -> list[int]:
    """`count` evenly spaced steps, the last of them the horizon."""
    return [round(horizon * (i + 1) / count) for i in range(count)]


def falling(
    best: float, *, speed: float = 12.0, start: float = 1.0, count: int = 50
) -> list[float]:
    """A curve that falls exponentially from `start` to `best`; speed 12 has arrived by the end."""
    return [best + (start - best) * math.exp(-speed * (i + 1) / count) for i in range(count)]


def valley(best_rate: float, depth: float = 0.1, floor: float = 0.1) -> Callable[[float], float]:
    """The final value as a function of the rate: `depth` worse for each decade squared."""
    return lambda rate: floor + depth * math.log10(rate / best_rate) ** 2


def trial(
    study: StudyDefinition, params: dict[str, Value], values: Sequence[float], **changes: Any
) -> TrialFacts:
    """A completed trial whose objective is `values` on evenly spaced steps; NaN says diverged."""
    horizon = changes.pop("max_train_steps", study.max_train_steps)
    steps = changes.pop("steps", evaluations(horizon, len(values)))
    is_finite = all(math.isfinite(value) for value in values)
    state = TrialState.COMPLETED if is_finite else TrialState.DIVERGED
    curve = np.array(values, dtype=float)
    key = point_key(params)
    given: dict[str, Any] = {
        "trial_id": f"{key}#{changes.get('seed', 0)}@{changes.get('round', 1)}/{horizon}",
        "round": 1,
        "point_key": key,
        "params": params,
        "seed": 0,
        "state": state,
        "censored": False,
        "max_train_steps": horizon,
        "interval_steps": max(1, horizon // 50),
        "schedule": resolve(study.schedule, Names(study.parameters, study.fixed), params, horizon),
        "steps": np.array(steps, dtype=np.int64),
        "objective": np.where(np.isfinite(curve), curve, np.nan),
        "has_nonfinite": not is_finite,
        "last_step": int(steps[-1]) if len(steps) else 0,
        **changes,
    }
    return TrialFacts(**given)


def rate_trial(
    study: StudyDefinition, rate: float, values: Sequence[float], **changes: Any
) -> TrialFacts:
    """A trial of a study that searches the learning rate alone."""
    return trial(study, {"learning_rate": rate}, values, **changes)


def exploded(study: StudyDefinition, rate: float, **changes: Any) -> TrialFacts:
    """A trial that reported NaN after a few evaluations."""
    return rate_trial(study, rate, [1.0, 2.0, math.nan], **changes)


def rates(low: float = 1e-4, high: float = 1.0, count: int = 9) -> list[float]:
    """A log grid, ends included."""
    return [float(f"{value:.9g}") for value in np.geomspace(low, high, count)]


def sweep(
    study: StudyDefinition,
    value_of: Callable[[float], float],
    over: Iterable[float] | None = None,
    **changes: Any,
) -> tuple[TrialFacts, ...]:
    """One trial a rate, each falling to `value_of(rate)`; an infinite value is a diverged trial."""
    return tuple(
        rate_trial(study, rate, falling(value_of(rate)), **changes)
        if math.isfinite(value_of(rate))
        else exploded(study, rate, **changes)
        for rate in (over if over is not None else rates())
    )


def round_facts(
    study: StudyDefinition, trials: Sequence[TrialFacts], number: int = 1, **changes: Any
) -> RoundFacts:
    """A closed round of these trials; `action` is set apart, all else changes the definition."""
    action = changes.pop("action", None)
    return RoundFacts(
        number=number,
        definition=round_definition(study, **changes),
        state=RoundState.CLOSED,
        trials=tuple(replace(t, round=number) for t in trials),
        action=action,
    )


def study_facts(study: StudyDefinition, *rounds: RoundFacts, **changes: Any) -> StudyFacts:
    """The study with these rounds."""
    return StudyFacts(definition=study, rounds=rounds, **changes)


def tune_study(
    value_of: Callable[[float], float], over: Iterable[float] | None = None, **changes: Any
) -> StudyFacts:
    """One tune round over the rate: the usual subject of a test."""
    study = definition(**changes)
    return study_facts(study, round_facts(study, sweep(study, value_of, over)))


def verdicts_of(study: StudyFacts, code: str, number: int = 1) -> tuple[JudgedVerdict, ...]:
    """What one review rule says of a round, through the engine."""
    return tuple(v for v in assess(study, number).verdicts if v.code == code)


def verdict_of(study: StudyFacts, code: str, number: int = 1) -> JudgedVerdict:
    """The one verdict of a rule that gives one."""
    (verdict,) = verdicts_of(study, code, number)
    return verdict


def arriving(best_at: int, *, best: float = 0.1, count: int = 50) -> list[float]:
    """A curve that falls straight to `best` at evaluation `best_at` (1 ... count), then worsens."""
    down = [1.0 - (1.0 - best) * (i + 1) / best_at for i in range(best_at)]
    return down + [best + 0.05 + 0.001 * i for i in range(count - best_at)]


def alike(curves: Sequence[Sequence[float]], **changes: Any) -> StudyFacts:
    """A tune round with one trial a curve, at rates spread over the range."""
    study = definition(**changes)
    over = rates(count=max(len(curves), 2))
    made = [rate_trial(study, rate, curve) for rate, curve in zip(over, curves, strict=False)]
    return study_facts(study, round_facts(study, made))


def with_loss(made: TrialFacts) -> TrialFacts:
    """The same trial with its objective as its loss."""
    return replace(made, loss=made.objective)
