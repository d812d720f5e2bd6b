"""What a study that waits for a limit is told to type: its own limit, or that of all studies."""

from typing import Annotated, Any  # Any: JSON of the service

import typer

from paceline.cli.connection import AsJson, TokenFile, Url, connect
from paceline.cli.output import next_command, print_json, print_table

Json = dict[str, Any]  # Any: JSON of the service
SECONDS_PER_HOUR = 3600
NONE = "none"  # takes a limit away


def raise_command(study: Json) -> str:
    """What to type to raise the limit that it waits for."""
    if study["state"] == "active" and study["rounds"] and _has_waiting(study):
        return "paceline budget --total-steps STEPS --gpu-hours HOURS"
    budget = study["budget"]
    names = (("steps", "--total-steps STEPS"), ("gpu_seconds", "--gpu-hours HOURS"))
    flag = next((flag for name, flag in names if budget[name]["limit"]), "--rounds N")
    return f"paceline study change {study['id']} {flag}"


def _has_waiting(study: Json) -> bool:
    """Its own spent limit would have paused it and cancelled them: so it is that of all studies."""
    return any(one["counts"]["waiting"] for one in study["rounds"])


def budget(
    total_steps: Annotated[str | None, typer.Option(help="limit in steps, or `none`")] = None,
    gpu_hours: Annotated[str | None, typer.Option(help="limit in GPU-hours, or `none`")] = None,
    url: Url = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Show, or limit, what all studies together may spend."""
    given = {"total_steps": _number(total_steps, int), "gpu_hours": _number(gpu_hours, float)}
    body = {name: value for name, value in given.items() if value is not None}
    client = connect(url, token_file)
    patch = {name: None if value == NONE else value for name, value in body.items()}
    found = client.patch("/v1/budget", patch) if patch else client.get("/v1/budget")
    if as_json:
        print_json(found)
        return
    rows = [("steps", 1, found["steps"]), ("GPU-hours", SECONDS_PER_HOUR, found["gpu_seconds"])]
    print_table(("all studies", "limit", "spent", "reserved", "left"), [_row(*row) for row in rows])
    next_command("paceline study ls")


def _row(what: str, unit: int, used: Json) -> tuple[object, ...]:
    """The numbers of one kind in its unit; what has no limit has none left either."""
    numbers = (used[name] for name in ("limit", "spent", "reserved", "remaining"))
    return (what, *(None if number is None else number / unit for number in numbers))


def _number(text: str | None, kind: type[int] | type[float]) -> Any:  # Any: a number or `none`
    """Raises typer.BadParameter on anything else."""
    if text is None or text == NONE:
        return text
    try:
        return kind(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is neither a number nor `none`") from error
