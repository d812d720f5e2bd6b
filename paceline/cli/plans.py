"""`paceline plan`: ways to spend a budget up to the run one hopes to launch."""

from typing import Annotated, Any  # Any: JSON

import typer

from paceline.cli.connection import AsJson, TokenFile, Url, connect
from paceline.cli.output import next_command, print_json, print_table

Json = dict[str, Any]  # Any: JSON
GpuHours = Annotated[
    float | None, typer.Option(help="the budget in GPU-hours; needs --seconds-per-step")
]
Patience = Annotated[float | None, typer.Option(help="the longest trial to wait for")]
ScheduleKind = Annotated[
    str | None, typer.Option(help="its kind (wsd, constant ...): tells what can be resumed")
]
Dimensions = Annotated[
    int | None, typer.Option(help="how many parameters are searched: many want many trials")
]
IsMature = Annotated[
    bool, typer.Option("--mature", help="modelling, pipelines and production all are (P-30)")
]


def plan(  # noqa: PLR0913 - typer hands over each option as its own argument
    production_steps: Annotated[int, typer.Argument(help="steps of the run you hope to launch")],
    steps: Annotated[int | None, typer.Option(help="the budget in steps of one trial")] = None,
    gpu_hours: GpuHours = None,
    gpus_per_trial: Annotated[int, typer.Option(help="GPUs of one trial")] = 1,
    seconds_per_step: Annotated[float | None, typer.Option(help="how long a step takes")] = None,
    slots: Annotated[int, typer.Option(help="trials that run at the same time")] = 1,
    patience_hours: Patience = None,
    warmup_steps: Annotated[int, typer.Option(help="steps of warmup")] = 0,
    schedule: ScheduleKind = None,
    rounds_max: Annotated[int, typer.Option(help="how many rounds at most, up to 10")] = 3,
    dimensions: Dimensions = None,
    is_mature: IsMature = False,
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
        "dimensions": dimensions,
        "maturity": dict.fromkeys(("modelling", "pipelines", "production"), is_mature),
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
    """One sentence, a table, what speaks for each, what to post next."""
    plans = answer["alternatives"]
    patient = (one for one in plans if one["is_within_patience"] is not False)
    first = next(patient, plans[0] if plans else None)
    typer.echo(_sentence(first) if first else "No plan fits this budget.")
    if plans:
        typer.echo("")
        titles = ("plan", "trials x steps", "steps", "GPU-hours", "wall hours", "ends", "patience")
        print_table(titles, [_row(one) for one in plans])
        typer.echo("")
    for one in plans:
        typer.echo(f"{one['name']}: {one['trade']}")
    for finding in answer["findings"]:
        typer.echo(f"{finding['code']}: {finding['message']}. {finding['action']}")
    if first:
        typer.echo(f"\nThe study of '{first['name']}', beside its job and parameters:\n")
        typer.echo(_as_yaml(first["study"]))
        next_command("paceline study validate STUDY.yaml")


def _sentence(plan: Json) -> str:
    """The first alternative in words."""
    rounds = [f"{one['trials']} trials of {one['max_train_steps']} steps" for one in plan["rounds"]]
    total = plan["total"]
    hours = "" if total["gpu_hours"] is None else f", {total['gpu_hours']:.4g} GPU-hours"
    end = f", done by {_day(total['ends_at'])} if it begins now" if total["ends_at"] else ""
    return f"Train {', then '.join(rounds)}: {total['steps']} steps{hours}{end}."


def _row(plan: Json) -> list[object]:
    rounds = ", ".join(f"{one['trials']} x {one['max_train_steps']}" for one in plan["rounds"])
    total, is_patient = plan["total"], plan["is_within_patience"]
    patience = {None: "-", True: "ok", False: "too long"}[is_patient]
    spent = [total["steps"], total["gpu_hours"], total["wall_hours"]]
    return [plan["name"], rounds, *spent, _day(total["ends_at"]), patience]


def _day(moment: str | None) -> str:
    return "-" if moment is None else f"{moment[:10]} {moment[11:16]} UTC"


def _as_yaml(fields: Json) -> str:
    """The fields as lines of a study's definition; what is null stays out."""
    lines = []
    for name, value in fields.items():
        if isinstance(value, dict):
            inner = ", ".join(f"{key}: {each}" for key, each in value.items() if each is not None)
            lines.append(f"{name}: {{{inner}}}")
        else:
            lines.append(f"{name}: {value}")
    return "\n".join(lines)
