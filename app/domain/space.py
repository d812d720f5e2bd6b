"""The search space: named parameters with a range, a scale, a role and, where conditional, the
branch they live in."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from app.domain.errors import InvalidDefinition

Value = bool | int | float | str
Params = Mapping[str, Value]
LEAST = 1e-300  # where 0, tried on a linear scale before, lies on a log scale: far below
STRICT_FIELDS = {"extra": "forbid"}  # read by the JSON codec: an unknown field is an error


class ParameterType(StrEnum):
    """Numbers have edges; choices have none."""

    FLOAT = "float"
    INT = "int"
    CATEGORICAL = "categorical"


class Scale(StrEnum):
    """How distances are measured along a numeric range."""

    LINEAR = "linear"
    LOG = "log"


class Role(StrEnum):
    """What a parameter is, which decides whether its value transfers to longer training (P-27)."""

    LEARNING_RATE = "learning_rate"
    SCHEDULE = "schedule"
    WARMUP = "warmup"
    INITIALIZATION = "initialization"
    ARCHITECTURE = "architecture"
    OPTIMIZER = "optimizer"
    AUGMENTATION = "augmentation"
    REGULARIZATION = "regularization"
    BATCH_SIZE = "batch_size"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class NaturalLimits:
    """Values that theory forbids to pass; an optimum at one of them is no edge."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """One searched dimension. `when`: the values of other parameters under which it is active."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    type: ParameterType
    low: float | None = None
    high: float | None = None
    step: float | None = None
    choices: tuple[Value, ...] | None = None
    scale: Scale = Scale.LINEAR
    role: Role = Role.OTHER
    natural: NaturalLimits | None = None
    when: dict[str, Value] | None = None
    off: Value | None = None

    def __post_init__(self) -> None:
        if self.type is ParameterType.CATEGORICAL:
            self._check_choices()
        else:
            self._check_range()

    @property
    def is_numeric(self) -> bool:
        return self.type is not ParameterType.CATEGORICAL

    @property
    def bounds(self) -> tuple[float, float]:
        """(low, high) of a numeric parameter, in its own unit."""
        if self.low is None or self.high is None:
            raise InvalidDefinition("a categorical parameter has no bounds")
        return self.low, self.high

    def contains(self, value: Value) -> bool:
        """Whether the value lies inside the range (ends included) or among the choices."""
        if not self.is_numeric:
            return value in (self.choices or ())
        low, high = self.bounds
        widest = max(abs(low), abs(high))
        slack = 1e-9 * (low if self.scale is Scale.LOG else widest)  # 1e-11 may be far from 1e-9
        return isinstance(value, int | float) and low - slack <= value <= high + 1e-9 * widest

    def position(self, value: float) -> float:
        """u in 0..1 along the parameter's own scale (below 0 or above 1 outside the range)."""
        low, high = self._scaled_bounds()
        return (self._scaled(value) - low) / (high - low) if high > low else 0.5

    def value_at(self, position: float) -> Value:
        """The value at u in [0, 1]: rounded to `step` and type, kept inside the range."""
        if not self.is_numeric:
            choices = self.choices or ()
            return choices[min(int(position * len(choices)), len(choices) - 1)]
        low, high = self._scaled_bounds()
        raw = low + position * (high - low)
        return self.snap(math.exp(raw) if self.scale is Scale.LOG else raw)

    def snap(self, value: float) -> Value:
        """The nearest value that type, step and range allow."""
        low, high = self.bounds
        if self.step:
            value = low + round((value - low) / self.step) * self.step
        value = min(max(value, low), high)
        return round(value) if self.type is ParameterType.INT else float(f"{value:.12g}")

    def _scaled(self, value: float) -> float:
        return math.log(max(value, LEAST)) if self.scale is Scale.LOG else value

    def _scaled_bounds(self) -> tuple[float, float]:
        low, high = self.bounds
        return self._scaled(low), self._scaled(high)

    def _check_choices(self) -> None:
        if not self.choices:
            raise InvalidDefinition("a categorical parameter needs at least one entry in `choices`")
        if len({json.dumps(choice) for choice in self.choices}) < len(self.choices):
            raise InvalidDefinition("`choices` names a value twice; list each once")
        if self.low is not None or self.high is not None or self.step is not None:
            raise InvalidDefinition(
                "a categorical parameter takes `choices`, not low, high or step"
            )

    def _check_range(self) -> None:
        if self.choices is not None:
            raise InvalidDefinition(f"a {self.type} parameter takes low and high, not `choices`")
        if self.low is None or self.high is None:
            raise InvalidDefinition(f"a {self.type} parameter needs both low and high")
        if not (math.isfinite(self.low) and math.isfinite(self.high)) or self.low >= self.high:
            raise InvalidDefinition(f"low ({self.low}) must be a number below high ({self.high})")
        if self.scale is Scale.LOG and self.low <= 0:
            raise InvalidDefinition(f"scale log needs low above 0, it is {self.low}")
        if self.step is not None and not 0 < self.step <= self.high - self.low:
            raise InvalidDefinition(f"step ({self.step}) must lie above 0 and fit the range")


@dataclass(frozen=True, slots=True)
class FixedValue:
    """A value that every trial of a round shares; `off` is the value that switches it off
    (INI402)."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    value: Value
    role: Role = Role.OTHER
    off: Value | None = None


Parameters = dict[str, Parameter]
Fixed = dict[str, FixedValue]


def is_active(name: str, parameters: Parameters, values: Params) -> bool:
    """Whether a parameter takes part, given the other values (a chain of conditions is
    followed)."""
    when = parameters[name].when or {}
    return all(values.get(parent) == wanted for parent, wanted in when.items()) and all(
        is_active(parent, parameters, values) for parent in when if parent in parameters
    )


def active_params(parameters: Parameters, values: Params) -> dict[str, Value]:
    """The values of active parameters only, in the order of the definition."""
    return {
        name: values[name]
        for name in parameters
        if name in values and is_active(name, parameters, values)
    }


def names_with_role(parameters: Parameters, role: Role) -> tuple[str, ...]:
    """Names of the searched parameters of one role, in the order of the definition."""
    return tuple(name for name, parameter in parameters.items() if parameter.role is role)


def point_key(params: Params) -> str:
    """Canonical JSON of a configuration: equal points have equal keys."""
    return json.dumps(dict(params), sort_keys=True, separators=(",", ":"), allow_nan=False)


def check_space(parameters: Parameters, fixed: Fixed) -> None:
    """InvalidDefinition if names clash or a condition points nowhere, to itself or to a value that
    cannot occur."""
    for name in parameters.keys() & fixed.keys():
        raise InvalidDefinition(f"{name} is both searched and fixed; keep one of the two")
    for name, parameter in parameters.items():
        for parent, wanted in (parameter.when or {}).items():
            _check_condition(name, parent, wanted, parameters)
        _check_no_cycle(name, parameters, ())


def _check_condition(name: str, parent: str, wanted: Value, parameters: Parameters) -> None:
    if parent not in parameters:
        raise InvalidDefinition(f"{name} depends on {parent}, which is not a parameter")
    if not parameters[parent].contains(wanted):
        raise InvalidDefinition(f"{name} waits for {parent}={wanted!r}, which can never occur")


def _check_no_cycle(name: str, parameters: Parameters, seen: tuple[str, ...]) -> None:
    if name in seen:
        raise InvalidDefinition(f"the conditions of {' -> '.join((*seen, name))} form a circle")
    for parent in parameters[name].when or {}:
        _check_no_cycle(parent, parameters, (*seen, name))
