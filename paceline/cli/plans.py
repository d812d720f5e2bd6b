"""`paceline plan`: ways to spend a budget up to the run one hopes to launch."""

from typing import Annotated, Any  # Any: JSON

import typer

from paceline.cli.connection import AsJson, TokenFile, Url, connect
from paceline.cli.output import print_json, print_table

Json = dict[str, Any]  # Any: JSON


def plan(  # noqa: PLR0913 - typer hands over each option as its own argument
    production_steps: Annotated[int, typer.Argument(help="steps of the run you hope to launch")],
    steps: Annotated[int | None, typer.Option(help="the budget in steps of one trial")] = None,
    gpu_hours: Annotated[
        float | None, typer.Option(help="the budget in GPU-hours; needs --seconds-per-step")
    ] = None,
    gpus_per_trial: Annotated[int, typer.Option(help="GPUs of one trial")] = 1,
    seconds_per_step: Annotated[float | None, typer.Option(help="how long a step takes")] = None,
    slots: Annotated[int, typer.Option(help="trials that run at the same time")] = 1,
    patience_hours: Annotated[
        float | None, typer.Option(help="the longest run to wait for")
    ] = None,
    warmup_steps: Annotated[int, typer.Option(help="steps of warmup")] = 0,
    schedule: Annotated[
        str | None, typer.Option(help="its kind (wsd, constant ...): tells what can be resumed")
    ] = None,
    rounds_max: Annotated[int, typer.Option(help="how many rounds at most")] = 3,
    url: Url = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Plan the rounds before a production run: alternatives with cost, time and trade."""
    budget = {"steps": steps, "gpu_hours": gpu_hours, "seconds_per_step": seconds_per_step}
    body = {
        "production_steps": production_steps,
        "budget": {**budget, "gpus_per_trial": gpus_per_trial},
        "slots": slots,
        "patience_hours": patience_hours,
        "warmup_steps": warmup_steps,
        "schedule": _schedule(schedule, warmup_steps),
        "rounds_max": rounds_max,
    }
    answer = connect(url, token_file).post("/v1/plans", body)
    if as_json:
        print_json(answer)
    else:
        _print(answer)


def _schedule(kind: str | None, warmup_steps: int) -> Json | None:
    if kind is None:
        return None
    decay = {"decay_fraction": 0.2} if kind == "wsd" else {}
    return {"kind": kind, "warmup_steps": warmup_steps, **decay}


def _print(answer: Json) -> None:
    for alternative in answer["alternatives"]:
        typer.echo(f"{alternative['name']}: {alternative['trade']}")
        names = ("max_train_steps", "trials", "steps", "gpu_hours", "wall_hours")
        rows = [[one[name] for name in names] for one in alternative["rounds"]]
        total = alternative["total"]
        print_table(names, [*rows, ["total", *(total[name] for name in names[1:])]])
        typer.echo("")
    if not answer["alternatives"]:
        typer.echo("no plan fits this budget")
    for finding in answer["findings"]:
        typer.echo(f"{finding['code']}: {finding['message']}. {finding['action']}")
