"""`paceline schedule extend`: what becomes of a learning-rate schedule on another horizon."""

from pathlib import Path
from typing import Annotated, Any  # Any: JSON

import typer

from paceline.cli.connection import AsJson, TokenFile, Url, connect
from paceline.cli.output import next_command, print_json
from paceline.cli.studies import read_definition
from paceline.cli.trials import spark_line

Json = dict[str, Any]  # Any: JSON
app = typer.Typer(no_args_is_help=True, help="rewrite schedules for another horizon")

From = Annotated[int, typer.Option("--from", help="the horizon it was made for, in steps")]
To = Annotated[int, typer.Option("--to", help="the horizon it should run to, in steps")]
ScheduleFile = Annotated[
    Path | None,
    typer.Argument(help="the schedule's fields (kind: ...), YAML or JSON", metavar="[FILE]"),
]


@app.callback()
def schedule() -> None:
    """Keeps `extend` a word of its own, for a group of one command would swallow it."""


@app.command()
def extend(  # noqa: PLR0913 - typer hands over each option as its own argument
    from_steps: From,
    to_steps: To,
    file: ScheduleFile = None,
    kind: Annotated[str | None, typer.Option(help="wsd, linear, cosine, constant ...")] = None,
    peak: Annotated[float | None, typer.Option(help="the highest rate")] = None,
    warmup_steps: Annotated[int | None, typer.Option(help="steps of its warmup")] = None,
    decay_steps: Annotated[int | None, typer.Option(help="steps of its decay")] = None,
    decay_fraction: Annotated[
        float | None, typer.Option(help="its decay as a share of the horizon")
    ] = None,
    final_fraction: Annotated[
        float | None, typer.Option(help="the last rate as a share of the peak")
    ] = None,
    new_decay_steps: Annotated[
        int | None, typer.Option(help="steps of the decay you want on the new horizon")
    ] = None,
    url: Url = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Rewrite a schedule for a longer horizon: named by flags, by a file, or by both."""
    typed = {
        "kind": kind,
        "peak": peak,
        "warmup_steps": warmup_steps,
        "decay_steps": decay_steps,
        "decay_fraction": decay_fraction,
        "final_fraction": final_fraction,
    }
    body = {
        "schedule": (read_definition(file) if file else {}) | _given(typed),
        "from_max_train_steps": from_steps,
        "to_max_train_steps": to_steps,
        "decay_steps": new_decay_steps,
    }
    answer = connect(url, token_file).post("/v1/schedules/extension", body)
    if as_json:
        print_json(answer)
    else:
        _print_extension(answer)


def _given(fields: Json) -> Json:
    return {name: value for name, value in fields.items() if value is not None}


def _print_extension(answer: Json) -> None:
    """The sentence, the numbers, both curves, alternatives, findings, the next command."""
    typer.echo(f"{answer['reason']}\n")
    tiny = answer["added_steps_below_10_percent_of_peak"]
    for name, words in (
        ("schedule", schedule_line(answer["schedule"])),
        ("resume from", f"step {answer['resume_from_step']}"),
        ("below 10% of peak", f"{tiny:.0%} of the added steps"),
        ("rate before", curve_line(answer["curve_before"])),
        ("rate after", curve_line(answer["curve_after"])),
    ):
        typer.echo(f"  {name:<18} {words}")
    for one in answer["alternatives"]:
        typer.echo(f"  {'or':<18} {schedule_line(one['schedule'])}: {one['why']}")
    for finding in answer["findings"]:
        typer.echo(f"  !! {finding['code']} {finding['message']}\n     -> {finding['action']}")
    next_command("paceline round post STUDY FILE, with this schedule in the file")


def schedule_line(fields: Json) -> str:
    """The schedule as a definition would say it, ready to be copied."""
    words = ", ".join(f"{name}: {value}" for name, value in _given(fields).items())
    return f"{{{words}}}"


def curve_line(curve: Json) -> str:
    rates = curve["learning_rate"]
    return f"{spark_line(rates)} to step {curve['steps'][-1]}, last {rates[-1]:.3g}"
