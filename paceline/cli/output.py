"""How results are printed: JSON on request, plain tables otherwise, colour only on a terminal."""

import json
import sys
from collections.abc import Sequence
from typing import Any  # Any: JSON of the service

import typer

MARKS = {"clear": "ok ", "finding": "!! ", "inconclusive": "?  "}


def print_json(value: Any) -> None:  # Any: JSON
    """One JSON document on stdout: indented on a terminal, one line in a pipe."""
    typer.echo(json.dumps(value, indent=2 if sys.stdout.isatty() else None))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table whose columns are as wide as their content."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [
        max(len(title), *(len(row[i]) for row in cells)) if cells else len(title)
        for i, title in enumerate(columns)
    ]
    typer.echo("  ".join(t.ljust(w) for t, w in zip(columns, widths, strict=True)).rstrip())
    for row in cells:
        typer.echo("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return " ".join(f"{key}={_cell(item)}" for key, item in value.items())
    return str(value)


def next_command(words: str) -> None:
    """The next thing to type, last."""
    typer.echo(f"\nnext: {words}")


def print_verdicts(verdicts: Sequence[dict[str, Any]]) -> None:  # Any: JSON
    """Each verdict in plain words: findings first, what was not judged last."""
    order = {"finding": 0, "clear": 1, "inconclusive": 2}
    for verdict in sorted(verdicts, key=lambda v: order.get(v["verdict"], 3)):
        mark = MARKS.get(verdict["verdict"], "   ")
        words = verdict["message"] or ", ".join(f"needs {m}" for m in verdict["missing"])
        typer.echo(
            f"  {mark}{verdict['code']}  {verdict['title']}" + (f": {words}" if words else "")
        )


def print_recommendation(advice: dict[str, Any]) -> None:  # Any: JSON
    """One plain sentence, the numbers, what would change it, what to type."""
    horizon = advice["max_train_steps"]
    typer.echo(f"\n{advice['sentence']}\n")
    typer.echo(
        f"  action           {advice['action']} "
        f"({advice['state']}, confidence {advice['confidence']})"
    )
    typer.echo(
        f"  max_train_steps  {horizon['current']} now, {horizon['recommended']} recommended "
        f"({horizon['low']} ... {horizon['high']})"
    )
    cost = advice["cost"]
    saved = (
        f", {cost['saved_by_reuse_steps']} saved by reuse" if cost["saved_by_reuse_steps"] else ""
    )
    typer.echo(
        f"  cost             {cost['steps']} steps, {cost['gpu_hours']:.2f} GPU-hours{saved}"
    )
    for winner in advice["promote"]:
        typer.echo(f"  winner           {winner['trial_id']}: {winner['reason']}")
    for reason in advice["reasons"]:
        typer.echo(f"  because          {reason['code']}: {reason['message']}")
    for doubt in advice["would_change_my_mind"]:
        typer.echo(f"  what would change my mind: {doubt}")
