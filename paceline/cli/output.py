"""How results are printed: JSON on request, plain tables otherwise, colour only on a terminal."""

import json
import sys
from collections.abc import Sequence
from typing import Any  # Any: JSON of the service

import typer

Json = dict[str, Any]  # Any: JSON of the service
NOT_ASKED = ["purpose"]  # what a rule misses that is not asked of rounds of this purpose


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


def counts_line(counts: dict[str, int]) -> str:
    """How many trials are in each state; states without any are left out."""
    return " ".join(f"{n} {state}" for state, n in counts.items() if n) or "none"


def next_command(words: str) -> None:
    """The next thing to type, last."""
    typer.echo(f"\nnext: {words}")


def print_verdicts(verdicts: Sequence[Json]) -> None:
    """Each verdict in plain words."""
    for line in verdict_lines(verdicts):
        typer.echo(line)


def verdict_lines(verdicts: Sequence[Json]) -> list[str]:
    """Findings (!!, or i where they only inform) with what to do, what could not be judged (?),
    and by their codes alone the clear ones and those that are not asked of such a round."""
    lines = []
    for verdict in (v for v in verdicts if v["verdict"] == "finding"):
        mark = "i " if verdict["severity"] == "info" else "!!"
        waived = " (waived)" if verdict.get("waived") else ""
        lines.append(f"  {mark} {verdict['code']} {verdict['message']}{waived}")
        lines.append(f"     -> {verdict['action']}")
    unjudged = [v for v in verdicts if v["verdict"] == "inconclusive"]
    lines += [
        f"  ?  {v['code']} {v['message'] or 'needs ' + ', '.join(v['missing'])}"
        for v in unjudged
        if v["missing"] != NOT_ASKED
    ]
    clear = [v for v in verdicts if v["verdict"] == "clear"]
    not_asked = [v for v in unjudged if v["missing"] == NOT_ASKED]
    for mark, some in (("ok", clear), ("-  not asked here:", not_asked)):
        if some:
            lines.append(f"  {mark} {', '.join(dict.fromkeys(v['code'] for v in some))}")
    return lines


def print_recommendation(advice: Json) -> None:
    """One plain sentence, then the numbers, then why, then what would change it."""
    typer.echo(f"\n{advice['sentence']}\n")
    for name, words in numbers_of(advice):
        typer.echo(f"  {name:<16} {words}")
    for title, lines in (
        ("why", [f"{reason['code']}: {reason['message']}" for reason in advice["reasons"]]),
        ("what would change my mind", advice["would_change_my_mind"]),
    ):
        if lines:
            typer.echo(f"\n  {title}")
            for line in lines:
                typer.echo(f"    - {line}")


def numbers_of(advice: Json) -> list[tuple[str, str]]:
    """The recommendation's numbers, each with its name."""
    horizon, cost = advice["max_train_steps"], advice["cost"]
    between = f"between {horizon['low']} and {horizon['high']}"
    told = [
        ("action", f"{advice['action']} ({advice['state']}, confidence {advice['confidence']})"),
        (
            "max_train_steps",
            f"{horizon['current']} now, {horizon['recommended']} recommended ({between})",
        ),
    ]
    for name, box in (advice["parameters"] or {}).items():
        told.append((name, f"search {box['low']:g} to {box['high']:g}"))
    if advice["proposal"]:
        told.append(("cost", _cost(cost)))
    if advice.get("waits_because"):
        told.append(("waits for you", advice["waits_because"]))
    told += [("winner", f"{one['trial_id']}: {one['reason']}") for one in advice["promote"]]
    return told


def _cost(cost: Json) -> str:
    words = [f"{cost['steps']} steps"]
    if cost["gpu_hours"]:
        words.append(f"{cost['gpu_hours']:.2f} GPU-hours")
    if cost["saved_by_reuse_steps"]:
        words.append(f"{cost['saved_by_reuse_steps']} steps saved by reuse")
    return ", ".join(words)
