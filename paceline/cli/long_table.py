"""A long-form table (one row a trial and step) as the rounds of an audit: CSV, or Parquet where
pyarrow is installed."""

import csv
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any  # Any: cells of somebody's table, and JSON

import typer

Row = dict[str, Any]  # Any: one cell
Json = dict[str, Any]  # Any: JSON
RESERVED = ("trial_id", "step", "seed", "outcome", "round", "purpose", "max_train_steps")
DELIMITERS = ",;\t"
RATE_NAMES = ("lr", "learning_rate", "base_lr", "peak_lr", "eta")
WIDE = 10.0  # high / low from which a positive parameter's scale is taken for log


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns are metrics; every other one that is not reserved and never changes within a
    trial is a parameter."""

    metrics: tuple[str, ...]
    parameters: tuple[str, ...]


@dataclass(slots=True)
class Trial:
    """The rows of one trial of one round."""

    first: Row
    points: dict[int, Row] = field(default_factory=dict)


def read_rows(file: Path) -> list[Row]:
    """The table's rows. Raises typer.BadParameter where it cannot be read."""
    try:
        if file.suffix.lower() in (".parquet", ".pq"):
            return _read_parquet(file)
        with file.open(newline="", encoding="utf-8-sig") as stream:
            header = stream.readline()
            stream.seek(0)
            return list(csv.DictReader(stream, delimiter=max(DELIMITERS, key=header.count)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise typer.BadParameter(f"cannot read {file}: {error}") from error


def _read_parquet(file: Path) -> list[Row]:
    try:
        import pyarrow  # noqa: PLC0415 - optional, and slow to import
        import pyarrow.parquet as parquet  # noqa: PLC0415 - as above
    except ImportError as error:
        raise typer.BadParameter(
            f"reading {file} needs pyarrow: pip install pyarrow, or save the table as CSV"
        ) from error
    try:
        rows: list[Row] = parquet.read_table(file).to_pylist()
    except pyarrow.ArrowException as error:
        raise typer.BadParameter(f"cannot read {file}: {error}") from error
    return rows


def columns_of(rows: Sequence[Row], named: Iterable[str], measured: Sequence[str]) -> Columns:
    """The metrics that the caller names, and the parameters: the rest, but for what else was
    `measured`. Raises typer.BadParameter."""
    if not rows:
        raise typer.BadParameter("the table has no rows")
    header = [name for name in rows[0] if name]
    metrics = tuple(dict.fromkeys(named))
    for name in ("trial_id", "step", *metrics):
        if name not in header:
            raise typer.BadParameter(f"the table has no column {name}; it has {', '.join(header)}")
    taken = {*RESERVED, *metrics, *measured}
    return Columns(metrics, tuple(name for name in header if name not in taken))


def rounds_of(rows: Sequence[Row], columns: Columns) -> list[Json]:
    """The audit's rounds, by the column `round` (all one without it), without their schedule."""
    grouped: dict[int, dict[str, Trial]] = {}
    for line, row in enumerate(rows, start=2):
        number = int(_number(row.get("round"), "round", line) or 1)
        trial_id = str(row["trial_id"])
        trial = grouped.setdefault(number, {}).setdefault(trial_id, Trial(row))
        step = _number(row["step"], "step", line)
        if step is None or step != int(step):
            raise typer.BadParameter(f"line {line}: step is {row['step']!r}, no whole number")
        if int(step) in trial.points:
            raise typer.BadParameter(f"line {line}: trial {trial_id} has step {int(step)} twice")
        trial.points[int(step)] = row
    return [_round(trials, columns) for _, trials in sorted(grouped.items())]


def _round(trials: dict[str, Trial], columns: Columns) -> Json:
    first = next(iter(trials.values())).first
    told = _whole(first.get("max_train_steps"))
    longest = max(max(trial.points) for trial in trials.values())
    return {
        "purpose": first.get("purpose") or "tune",
        "max_train_steps": told or longest,
        "trials": [_trial(trial_id, trial, columns) for trial_id, trial in trials.items()],
    }


def _trial(trial_id: str, trial: Trial, columns: Columns) -> Json:
    steps = sorted(trial.points)
    metrics = {
        name: [_measured(trial.points[step].get(name)) for step in steps]
        for name in columns.metrics
    }
    params = {name: _value(trial.first.get(name)) for name in columns.parameters}
    made: Json = {
        "id": trial_id,
        "params": {name: value for name, value in params.items() if value is not None},
        "outcome": trial.first.get("outcome") or "completed",
        "curve": {"steps": steps, "metrics": metrics},
    }
    for name in ("seed", "max_train_steps"):
        if _whole(trial.first.get(name)) is not None:
            made[name] = _whole(trial.first.get(name))
    return made


def guess_parameters(rounds: Sequence[Json]) -> Json:
    """A search space that just holds what was tried; what never varies is left out."""
    tried: dict[str, list[Any]] = {}  # Any: values of parameters
    for trial in _trials(rounds):
        for name, value in trial["params"].items():
            tried.setdefault(name, []).append(value)
    return {name: _parameter(name, values) for name, values in tried.items() if _varies(values)}


def keep_parameters(rounds: Sequence[Json], parameters: Json) -> None:
    """Leave only parameters of the space in the trials."""
    for trial in _trials(rounds):
        trial["params"] = {n: v for n, v in trial["params"].items() if n in parameters}


def _trials(rounds: Sequence[Json]) -> Iterator[Json]:
    for one in rounds:
        yield from one["trials"]


def _varies(values: Sequence[Any]) -> bool:  # Any: values of one parameter
    return len(set(values)) > 1


def _parameter(name: str, values: Sequence[Any]) -> Json:  # Any: values of one parameter
    is_rate = name.lower() in RATE_NAMES or name.lower().endswith(("_lr", "learning_rate"))
    role = {"role": "learning_rate"} if is_rate else {}
    if not all(isinstance(value, int | float) for value in values):
        return {"type": "categorical", "choices": list(dict.fromkeys(values)), **role}
    low, high = float(min(values)), float(max(values))
    is_log = low > 0 and (is_rate or high / low >= WIDE)
    scale = "log" if is_log else "linear"
    return {"type": "float", "low": low, "high": high, "scale": scale, **role}


def _number(cell: Any, name: str, line: int) -> float | None:  # Any: a cell
    try:
        return None if cell in (None, "") else float(cell)
    except ValueError as error:
        raise typer.BadParameter(f"line {line}: {name} is {cell!r}, no number") from error


def _whole(cell: Any) -> int | None:  # Any: a cell
    number = _value(cell)
    return int(number) if isinstance(number, int | float) else None


def _value(cell: Any) -> Any:  # Any: a cell, and what it says
    """A parameter's value: numbers are numbers, an empty cell is none."""
    if cell is None or cell == "":
        return None
    if not isinstance(cell, str):
        return cell
    for kind in _KINDS:
        try:
            return kind(cell)
        except ValueError:
            continue
    return cell


_KINDS: tuple[Callable[[str], float], ...] = (int, float)


def _measured(cell: Any) -> Any:  # Any: a cell, and JSON
    """A measurement as the API wants it: null where empty, words for what is not finite."""
    value = _value(cell)
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
