"""Which columns of a long-form table are measurements, and which of them decides, where nobody
says: a measurement changes within a trial, a parameter does not."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any  # Any: cells of somebody's table

import typer

Row = Mapping[str, Any]  # Any: one cell
VALIDATION = frozenset({"val", "valid", "validation", "test", "eval", "dev"})
TRAINING = frozenset({"train", "training", "tr"})
HIGHER_IS_BETTER = frozenset(
    {"acc", "accuracy", "auc", "bleu", "f1", "iou", "map", "precision", "recall", "reward", "score"}
)


def measured_columns(rows: Sequence[Row], reserved: Iterable[str]) -> tuple[str, ...]:
    """The columns, but the reserved ones, that change within some trial; in the table's order."""
    open_names = [name for name in rows[0] if name and name not in set(reserved)]
    firsts: dict[tuple[str, str], Row] = {}
    found: set[str] = set()
    for row in rows:
        first = firsts.setdefault((str(row.get("round")), str(row.get("trial_id"))), row)
        found |= {name for name in open_names if row.get(name) != first.get(name)}
        open_names = [name for name in open_names if name not in found]
    return tuple(name for name in rows[0] if name in found)


def guess_objective(measured: Sequence[str]) -> str:
    """The one validation metric, else the one metric that is not of the training set.

    Raises typer.BadParameter where there is none, or more than one.
    """
    validation = [name for name in measured if _words(name) & VALIDATION]
    candidates = validation or [name for name in measured if not _words(name) & TRAINING]
    if len(candidates) == 1:
        return candidates[0]
    why = (
        f"{', '.join(candidates)} change within trials: name the one that decides"
        if candidates
        else "no column changes within a trial: name the metric that decides"
    )
    raise typer.BadParameter(f"{why} with --objective COLUMN, or --study")


def guess_training(measured: Sequence[str], objective: str) -> str | None:
    """The training metric that is named like the objective, else the only one; None: no such."""
    candidates = [name for name in measured if _words(name) & TRAINING and name != objective]
    alike = [n for n in candidates if _words(n) - TRAINING == _words(objective) - VALIDATION]
    chosen = alike or candidates
    return chosen[0] if len(chosen) == 1 else None


def with_direction(name: str) -> str:
    """COLUMN, or COLUMN:maximize where its name says that more is better."""
    return f"{name}:maximize" if _words(name) & HIGHER_IS_BETTER else name


def _words(name: str) -> set[str]:
    return set(re.split(r"[^a-z0-9]+", name.lower()))
