"""The columns of an audit's curves as arrays, checked without a Python object per point."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any  # Any: parsed JSON, checked here

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import InvalidInput
from app.domain.reports import check_metric_name
from app.domain.studies import MAX_STEPS

NUMBERS = frozenset({int, float})
NON_FINITE = frozenset({"nan", "inf", "-inf"})
HINT = 'send numbers; null = not measured, and "nan", "inf" or "-inf" for what is not finite'


@dataclass(frozen=True, slots=True)
class Columns:
    """One trial's measurements: steps (k,), and (k,) values a metric, NaN where there is none."""

    steps: NDArray[np.int64]
    metrics: Mapping[str, NDArray[np.float64]]
    has_nonfinite: bool


def read_columns(where: str, raw: Mapping[str, Any]) -> Columns:
    """The columns of `{"steps": [...], "metrics": {...}}`; `where` names the trial.

    Raises InvalidInput: lengths that differ, steps out of order or range, what is no number.
    """
    steps = read_steps(where, raw.get("steps"))
    told = raw.get("metrics")
    if not isinstance(told, dict):
        raise InvalidInput(f"{where}: curve.metrics must hold a list of values for each metric")
    metrics, has_nonfinite = {}, False
    for name, values in told.items():
        check_metric_name(name)
        place = f"{where}: {name}"
        if not isinstance(values, list) or len(values) != steps.size:
            count = len(values) if isinstance(values, list) else "no list of"
            raise InvalidInput(f"{place} has {count} values for {steps.size} steps; send one each")
        metrics[name], is_broken = read_values(place, values)
        has_nonfinite = has_nonfinite or is_broken
    return Columns(steps, metrics, has_nonfinite)


def read_steps(where: str, told: Any) -> NDArray[np.int64]:
    """Ascending steps within 0 ... 2^53. Raises InvalidInput."""
    if not isinstance(told, list) or not {int}.issuperset(map(type, told)):
        raise InvalidInput(f"{where}: curve.steps must be a list of whole numbers")
    if told and not 0 <= min(told) <= max(told) <= MAX_STEPS:
        raise InvalidInput(f"{where}: steps lie between 0 and 2^53")
    steps = np.array(told, dtype=np.int64)
    late = np.flatnonzero(np.diff(steps) <= 0)
    if late.size:
        before, after = steps[late[0]], steps[late[0] + 1]
        raise InvalidInput(
            f"{where}: steps must ascend without repeats; {after} follows {before}",
            hint="sort the curve, and keep the points of one lineage after a resume",
        )
    return steps


def read_values(where: str, told: Sequence[Any]) -> tuple[NDArray[np.float64], bool]:
    """(values, whether any was not finite); NaN stands for both kinds of absence."""
    if NUMBERS.issuperset(map(type, told)):
        return np.array(told, dtype=np.float64), False
    values = np.full(len(told), np.nan)
    has_nonfinite = False
    for index, value in enumerate(told):
        if type(value) in NUMBERS:
            values[index] = value
        elif isinstance(value, str) and value in NON_FINITE:
            has_nonfinite = True
        elif value is not None:
            raise InvalidInput(f"{where}: value {index + 1} is no number", hint=HINT)
    return values, has_nonfinite
