"""`paceline trial ...`: list, show, curve, logs, retry, cancel."""

from pathlib import Path
from typing import Annotated, Any  # Any: JSON of the service

import typer

from paceline.cli.connection import AsJson, TokenFile, Url, connect
from paceline.cli.output import next_command, print_json, print_table

app = typer.Typer(no_args_is_help=True, help="look at trials, retry or cancel one")

TrialId = Annotated[str, typer.Argument(help="the trial's id", metavar="TRIAL")]
GIB = 2**30
BARS = " ▁▂▃▄▅▆▇█"


@app.command("ls")
def list_trials(
    study_id: Annotated[str, typer.Argument(metavar="STUDY")],
    url: Url = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
    round_number: Annotated[int | None, typer.Option("--round", help="only this round")] = None,
    state: Annotated[str | None, typer.Option(help="only this state")] = None,
) -> None:
    """List a study's trials."""
    query = {"round": round_number, "state": state, "limit": 500}
    client = connect(url, token_file)
    items = all_items(client, f"/v1/studies/{study_id}/trials", query)
    if as_json:
        print_json({"items": items, "next_cursor": None})
        return
    rows = [
        (
            t["id"],
            t["round"],
            t["state"],
            t["last_step"],
            t["best_value"],
            t["best_step"],
            t["params"],
        )
        for t in items
    ]
    print_table(("id", "round", "state", "last step", "best", "at step", "parameters"), rows)


def all_items(client: Any, path: str, query: dict[str, Any]) -> list[dict[str, Any]]:  # Any: JSON
    """Every item of a list, page by page."""
    params = {key: value for key, value in query.items() if value is not None}
    items: list[dict[str, Any]] = []  # Any: JSON
    while True:
        answer = client.get(path, params)
        items += answer["items"]
        if answer["next_cursor"] is None:
            return items
        params["cursor"] = answer["next_cursor"]


@app.command()
def show(
    trial_id: TrialId, url: Url = None, token_file: TokenFile = None, as_json: AsJson = False
) -> None:
    """Show a trial: parameters, attempts, checkpoints."""
    trial = connect(url, token_file).get(f"/v1/trials/{trial_id}")
    if as_json:
        print_json(trial)
        return
    typer.echo(
        f"{trial['id']}: {trial['state']}, step {trial['last_step']}/{trial['max_train_steps']}"
    )
    typer.echo(f"parameters: {trial['params']} seed {trial['seed']}")
    if trial["best_step"] is not None:
        share = f"{trial['best_step_fraction']:.0%} of the horizon"
        typer.echo(f"best: {trial['best_value']:.6g} at step {trial['best_step']} ({share})")
    if trial.get("seconds_per_step") is not None:
        typer.echo(f"speed: {trial['seconds_per_step']:.3g} seconds a step, without its start-up")
    if trial.get("waiting_for"):
        typer.echo("waits: a limit (the study's, or of `paceline budget`) leaves too little for it")
    rows = [
        (
            *(a["number"], a["state"], a["worker"], a["start_step"], a["last_step"]),
            *(a["reason"], a["exit_code"]),
        )
        for a in trial["attempts"]
    ]
    heads = ("attempt", "state", "worker", "from step", "to step", "reason", "exit code")
    print_table(heads, rows)
    for attempt in trial["attempts"]:
        for gpu in attempt.get("gpus", ()):
            typer.echo(f"attempt {attempt['number']} on {_gpu_line(gpu)}")
    for saved in trial["checkpoints"]:
        typer.echo(f"checkpoint at {saved['step']}: {saved['store']}/{saved['key']}")
    has_failed = bool(trial["attempts"]) and trial["attempts"][-1]["state"] == "failed"
    next_command(f"paceline trial {'logs' if has_failed else 'curve'} {trial_id}")


def _gpu_line(gpu: dict[str, Any]) -> str:  # Any: JSON
    """`H100 (GPU-ab): 41% busy, at most 17.3 of 80.0 GiB`; what is not known is left out."""
    name = f"{gpu['name']} ({gpu['id']})" if gpu["name"] else gpu["id"]
    said = []
    if gpu["mean_utilisation"] is not None:
        said.append(f"{gpu['mean_utilisation']:.0%} busy")
    if gpu["peak_memory_bytes"] is not None:
        total = f" of {gpu['memory_bytes'] / GIB:.1f}" if gpu["memory_bytes"] else ""
        said.append(f"at most {gpu['peak_memory_bytes'] / GIB:.1f}{total} GiB")
    return f"{name}: {', '.join(said)}" if said else name


@app.command()
def curve(
    trial_id: TrialId,
    url: Url = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
    metric: Annotated[str | None, typer.Option(help="default: the objective")] = None,
) -> None:
    """Draw a trial's curve."""
    params = {"points": 60} | ({"metric": metric} if metric else {})
    answer = connect(url, token_file).get(f"/v1/trials/{trial_id}/curve", params)
    if as_json:
        print_json(answer)
        return
    values = [float(v) for v in answer["last"]]
    typer.echo(f"{answer['metric']}: {answer['points_total']} points")
    typer.echo(spark_line(values))
    if values:
        typer.echo(f"step {answer['steps'][0]} ... {answer['steps'][-1]}, last {values[-1]:.6g}")


def spark_line(values: list[float]) -> str:
    """The values as bars; what is not finite shows as x."""
    finite = [v for v in values if abs(v) != float("inf") and v == v]
    low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)
    return "".join(_bar(v, low, high) for v in values)


def _bar(value: float, low: float, high: float) -> str:
    if value != value or abs(value) == float("inf"):
        return "x"
    return BARS[1 + round((value - low) / (high - low) * 7)] if high > low else BARS[4]


@app.command()
def logs(
    trial_id: TrialId,
    url: Url = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
    tail: Annotated[int, typer.Option(help="how many lines")] = 200,
) -> None:
    """Print what the last attempt of a trial wrote."""
    client = connect(url, token_file)
    attempts = client.get(f"/v1/trials/{trial_id}")["attempts"]
    if not attempts:
        typer.echo("this trial was never started: no attempt, so no logs", err=True)
        raise typer.Exit(4)
    answer = client.get(f"/v1/attempts/{attempts[-1]['id']}/logs", {"tail": tail})
    if as_json:
        print_json(answer)
        return
    for name in ("stdout", "stderr"):
        typer.echo(f"--- {name} of attempt {attempts[-1]['number']}")
        typer.echo(answer.get(name) or "(nothing)")


@app.command()
def retry(
    trial_id: TrialId, url: Url = None, token_file: TokenFile = None, as_json: AsJson = False
) -> None:
    """Let a failed or cancelled trial of an open round wait again, its failures forgotten."""
    _steer("retry", trial_id, url, token_file, as_json=as_json)


@app.command()
def cancel(
    trial_id: TrialId, url: Url = None, token_file: TokenFile = None, as_json: AsJson = False
) -> None:
    """End a waiting or running trial for good; its training is stopped within a heartbeat."""
    _steer("cancel", trial_id, url, token_file, as_json=as_json)


def _steer(
    verb: str, trial_id: str, url: str | None, token_file: Path | None, *, as_json: bool
) -> None:
    trial = connect(url, token_file).post(f"/v1/trials/{trial_id}/{verb}")
    if as_json:
        print_json(trial)
        return
    round_and_study = f"round {trial['round']} of {trial['study_id']}"
    typer.echo(f"trial {trial['id']} is {trial['state']}, in {round_and_study}")
    next_command(f"paceline study watch {trial['study_id']}")
