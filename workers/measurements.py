"""Rows of reports as the columns that the service takes; pure functions."""

from collections.abc import Sequence

from workers.tail import Measured, Number


def merge(rows: Sequence[Measured]) -> list[Measured]:
    """One row a step, ascending; of two values of a metric at one step the first is kept."""
    merged: dict[int, dict[str, Number]] = {}
    for row in rows:
        merged[row.step] = {**row.metrics, **merged.get(row.step, {})}
    return [Measured(step, merged[step]) for step in sorted(merged)]


def columns(rows: Sequence[Measured]) -> tuple[list[int], dict[str, list[Number]]]:
    """Steps, and each metric's values at them; None where it was not measured."""
    names = dict.fromkeys(name for row in rows for name in row.metrics)
    return (
        [row.step for row in rows],
        {name: [row.metrics.get(name) for row in rows] for name in names},
    )


def halves(rows: list[Measured]) -> list[list[Measured]]:
    """Two parts to post apart; one row is cut between its metrics; empty: it cannot be cut."""
    if len(rows) > 1:
        middle = len(rows) // 2
        return [rows[:middle], rows[middle:]]
    row = rows[0]
    names = list(row.metrics)
    if len(names) < 2:
        return []
    middle = len(names) // 2
    return [
        [Measured(row.step, {name: row.metrics[name] for name in part})]
        for part in (names[:middle], names[middle:])
    ]
