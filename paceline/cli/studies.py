"""`paceline study ...`: create, list, show, watch, validate, change, pause, resume, cancel."""

import time
from pathlib import Path
from typing import Annotated, Any  # Any: JSON of the service

import typer

from paceline.cli.connection import AsJson, TokenFile, Url, connect
from paceline.cli.limits import raise_command
from paceline.cli.output import counts_line, next_command, print_json, print_table, print_verdicts

app = typer.Typer(no_args_is_help=True, help="create, show and steer studies")

StudyId = Annotated[str, typer.Argument(help="the study's id", metavar="STUDY")]
DefinitionFile = Annotated[Path, typer.Argument(help="a definition, YAML or JSON", metavar="FILE")]
ENDED = ("completed", "cancelled")


def read_definition(file: Path) -> dict[str, Any]:  # Any: YAML
    """A definition from a file. Raises typer.BadParameter naming the line that is wrong."""
    from paceline.cli import definitions  # noqa: PLC0415 - yaml keeps --help waiting

    return definitions.read_definition(file)


@app.command()
def create(
    file: DefinitionFile, url: Url = None, token_file: TokenFile = None, as_json: AsJson = False
) -> None:
    """Post a study definition; its first round opens at once."""
    definition = read_definition(file)
    study = connect(url, token_file).post("/v1/studies", definition)
    if as_json:
        print_json(study)
        return
    typer.echo(f"study {study['id']} ({study['name']}) is {study['state']}{_first_round(study)}")
    for warning in study.get("warnings", []):
        typer.echo(f"warning: {warning}", err=True)
    next_command(f"paceline study watch {study['id']}")


def _first_round(study: dict[str, Any]) -> str:  # Any: JSON
    """What has opened, in words; nothing of a draft."""
    if not study["rounds"]:
        return ""
    first = study["rounds"][0]
    trials, steps = sum(first["counts"].values()), first["max_train_steps"]
    return f": round 1 ({first['purpose']}) has {trials} trials of {steps} steps"


@app.command()
def validate(
    file: DefinitionFile, url: Url = None, token_file: TokenFile = None, as_json: AsJson = False
) -> None:
    """Check a definition against every admission rule, without storing anything."""
    definition = read_definition(file)
    plan = connect(url, token_file).post("/v1/studies", definition, params={"dry_run": "true"})
    if as_json:
        print_json(plan)
        return
    first = plan["round"]
    typer.echo(
        f"{file} is valid: round 1 ({first['purpose']}) trains {plan['trials']} trials for "
        f"{first['max_train_steps']} steps each"
    )
    if first["purpose"] == "probe":
        typer.echo("probes double until one fits the training set; a sweep then finds the horizon")
    typer.echo(f"cost: {plan['cost']['steps']} steps")
    print_verdicts([v for v in plan.get("verdicts", []) if v["verdict"] == "finding"])
    next_command(f"paceline study create {file}")


@app.command("ls")
def list_studies(
    url: Url = None, token_file: TokenFile = None, as_json: AsJson = False, limit: int = 50
) -> None:
    """List studies, newest first."""
    answer = connect(url, token_file).get("/v1/studies", {"limit": limit})
    if as_json:
        print_json(answer)
        return
    rows = [
        (s["id"], s["name"], s["state"], s["waiting_for"], len(s["rounds"]), _value(s["best"]))
        for s in answer["items"]
    ]
    print_table(("id", "name", "state", "waits for", "rounds", "best"), rows)


def _value(best: dict[str, Any] | None) -> float | None:  # Any: JSON
    return None if best is None else best["value"]


@app.command()
def show(
    study_id: StudyId,
    url: Url = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
    sign_in: Annotated[bool, typer.Option("--open", help="print a link to the page")] = False,
) -> None:
    """Show a study: its rounds, its best trial, what it waits for."""
    client = connect(url, token_file)
    study = client.get(f"/v1/studies/{study_id}")
    if as_json:
        print_json(study)
        return
    print_study(study)
    if sign_in:
        typer.echo(f"page: {sign_in_link(client, study_id)}")
    next_command(next_of(study))


def sign_in_link(client: Any, study_id: str) -> str:  # Any: a Client, imported lazily
    """The address of the study's page with a one-time code that signs the browser in."""
    code = client.post("/v1/session/codes")["code"]
    return f"{client.url}/studies/{study_id}#code={code}"


def print_study(study: dict[str, Any]) -> None:  # Any: JSON
    """The study in a few lines."""
    waits = f", waits for {study['waiting_for']}" if study["waiting_for"] else ""
    typer.echo(f"{study['name']} ({study['id']}): {study['state']}{waits}")
    if study["waiting_for"] == "worker":
        typer.echo(f"because {study['waits_because']}")
    for words in (study["problem"], *study["warnings"]):
        if words:
            typer.echo(f"warning: {words}", err=True)
    rows = [
        (
            r["round"],
            r["purpose"],
            r["max_train_steps"],
            r["state"],
            counts_line(r["counts"]),
            r["action"],
        )
        for r in study["rounds"]
    ]
    print_table(("round", "purpose", "max_train_steps", "state", "trials", "proposed by"), rows)
    if study["best"]:
        best = study["best"]
        typer.echo(f"best: {best['value']:.6g} at step {best['step']} of trial {best['trial_id']}")
    steps = study["budget"]["steps"]
    limit = f" of {steps['limit']}" if steps["limit"] else ""
    left = f", {steps['remaining']} left" if steps["limit"] else ""
    typer.echo(f"budget: {steps['spent']} steps spent{limit}, {steps['reserved']} reserved{left}")


@app.command()
def watch(
    study_id: StudyId, url: Url = None, token_file: TokenFile = None, as_json: AsJson = False
) -> None:
    """Follow a study until it ends or waits for you."""
    client = connect(url, token_file)
    said = ""
    while True:
        study = client.get(f"/v1/studies/{study_id}")
        line = progress_line(study)
        if line != said and not as_json:
            typer.echo(line)
        said = line
        if study["state"] in (*ENDED, "paused", "draft") or study["waiting_for"] in (
            "acceptance",
            "limit",
        ):
            break
        time.sleep(1.0)
    if as_json:
        print_json(study)
    else:
        next_command(next_of(study))


def next_of(study: dict[str, Any]) -> str:  # Any: JSON
    """What to type after looking at it; a spent limit is said first, with its numbers."""
    if study["waiting_for"] == "limit":
        typer.echo(f"limit: {study['waits_because']}")
        return raise_command(study)
    return f"paceline {'best' if study['state'] == 'completed' else 'recommend'} {study['id']}"


def progress_line(study: dict[str, Any]) -> str:  # Any: JSON
    """One line: the round at hand, how far it is, the best so far."""
    if not study["rounds"]:
        return f"{study['state']}: no round yet"
    last = next((r for r in study["rounds"] if r["state"] != "closed"), study["rounds"][-1])
    best = f", best {study['best']['value']:.5g}" if study["best"] else ""
    return (
        f"round {last['round']} ({last['purpose']}, {last['max_train_steps']} steps): "
        f"{counts_line(last['counts'])}{best} [{study['waiting_for'] or study['state']}]"
    )


def _steer(
    verb: str, study_id: str, url: str | None, token_file: Path | None, *, as_json: bool
) -> None:
    study = connect(url, token_file).post(f"/v1/studies/{study_id}/{verb}")
    if as_json:
        print_json(study)
    else:
        typer.echo(f"study {study['id']} is {study['state']}")


@app.command()
def start(
    study_id: StudyId, url: Url = None, token_file: TokenFile = None, as_json: AsJson = False
) -> None:
    """Start a draft: its first round opens."""
    _steer("start", study_id, url, token_file, as_json=as_json)


@app.command()
def pause(
    study_id: StudyId, url: Url = None, token_file: TokenFile = None, as_json: AsJson = False
) -> None:
    """Hand out no more trials; running ones checkpoint and wait."""
    _steer("pause", study_id, url, token_file, as_json=as_json)


@app.command()
def resume(
    study_id: StudyId, url: Url = None, token_file: TokenFile = None, as_json: AsJson = False
) -> None:
    """Go on with a paused study."""
    _steer("resume", study_id, url, token_file, as_json=as_json)


@app.command()
def cancel(
    study_id: StudyId, url: Url = None, token_file: TokenFile = None, as_json: AsJson = False
) -> None:
    """End a study for good; running trials are stopped."""
    _steer("cancel", study_id, url, token_file, as_json=as_json)


@app.command()
def change(  # noqa: PLR0913 - typer hands over each option as its own argument
    study_id: StudyId,
    total_steps: Annotated[int | None, typer.Option(help="the limit in steps")] = None,
    gpu_hours: Annotated[float | None, typer.Option(help="the limit in GPU-hours")] = None,
    rounds: Annotated[
        int | None, typer.Option(help="how many horizons tune and final rounds may have")
    ] = None,
    autopilot: Annotated[str | None, typer.Option(help="off, gated or on")] = None,
    priority: Annotated[int | None, typer.Option(help="higher ones are claimed first")] = None,
    concurrency: Annotated[int | None, typer.Option(help="trials that run at once")] = None,
    url: Url = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Change limits, autopilot or priority; a study that waits for its limit goes on."""
    limits = _given(total_steps=total_steps, gpu_hours=gpu_hours, rounds=rounds)
    others = _given(autopilot=autopilot, priority=priority, concurrency=concurrency)
    body = others | _given(limits=limits or None)
    if not body:
        raise typer.BadParameter("say what to change, such as --total-steps 20000")
    study = connect(url, token_file).patch(f"/v1/studies/{study_id}", body)
    if as_json:
        print_json(study)
        return
    changed = ", ".join(f"{name} is {value}" for name, value in (limits | others).items())
    typer.echo(f"study {study['id']} is {study['state']}: {changed}")
    next_command(f"paceline study watch {study_id}")


def _given(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}
