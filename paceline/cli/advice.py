"""`paceline recommend`, `explain`, `best`: what to do next, why, and what came out."""

from typing import Annotated, Any  # Any: JSON of the service

import typer

from paceline.cli.connection import AsJson, TokenFile, Url, connect
from paceline.cli.output import next_command, print_json, print_recommendation, print_table

StudyId = Annotated[str, typer.Argument(help="the study's id", metavar="STUDY")]


def recommend(
    study_id: StudyId,
    url: Url = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
    accept: Annotated[bool, typer.Option("--accept", help="accept the proposal")] = False,
    production_steps: Annotated[
        int | None,
        typer.Option(
            help="with --accept: the run you hope to launch, where the advice asks for it"
        ),
    ] = None,
) -> None:
    """Say what to do next: one sentence, the numbers, why, and what would change it."""
    client = connect(url, token_file)
    advice = client.get(f"/v1/studies/{study_id}/recommendation")
    if accept:
        steps = {} if production_steps is None else {"production_steps": production_steps}
        answer = client.post(f"/v1/studies/{study_id}/rounds", {"accept": advice["id"], **steps})
        _say_accepted(advice, answer, as_json=as_json)
    elif as_json:
        print_json(advice)
    else:
        print_recommendation(advice)
        next_command(next_of(advice))


def next_of(advice: dict[str, Any]) -> str:  # Any: JSON
    """What to type after reading it."""
    study_id = advice["study_id"]
    if advice["state"] != "proposed":
        is_done = advice["action"] == "finish" and advice["state"] == "accepted"
        return f"paceline best {study_id}" if is_done else f"paceline study show {study_id}"
    if advice["blocked_by"]:
        return f"paceline explain {advice['blocked_by'][0]}"
    if advice["action"] == "treat_as_compute_bound" and advice["proposal"] is None:
        return f"paceline recommend {study_id} --accept --production-steps STEPS"
    if advice["proposal"] is None and advice["action"] != "finish":
        return f"paceline trial ls {study_id} --round {advice['round']}"
    return f"paceline recommend {study_id} --accept"


def _say_accepted(
    advice: dict[str, Any], answer: dict[str, Any], *, as_json: bool
) -> None:  # Any: JSON
    if as_json:
        print_json(answer)
    elif "round" in answer:
        typer.echo(
            f"accepted: round {answer['round']} ({answer['purpose']}) trains for "
            f"{answer['max_train_steps']} steps"
        )
        next_command(f"paceline study watch {advice['study_id']}")
    else:
        typer.echo(f"accepted: study {answer['id']} is {answer['state']}")
        next_command(f"paceline best {advice['study_id']}")


def waive(  # noqa: PLR0913 - typer hands over each option as its own argument
    study_id: StudyId,
    code: Annotated[str, typer.Argument(help="the rule's code, such as PRM602")],
    reason: Annotated[str, typer.Option("--reason", help="why the finding may stand")],
    round_number: Annotated[
        int | None, typer.Option("--round", help="only in this round; default: in every one")
    ] = None,
    url: Url = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Allow a finding to stand, by name and with a reason: it blocks no more."""
    client = connect(url, token_file)
    body = {"code": code.upper(), "reason": reason, "round": round_number}
    advised = client.get(f"/v1/studies/{study_id}/recommendations")["items"]
    stored = client.post(f"/v1/studies/{study_id}/waivers", body)
    if as_json:
        print_json(stored)
        return
    where = "every round" if stored["round"] is None else f"round {stored['round']}"
    typer.echo(f"{stored['code']} is waived in {where}, by {stored['by']}: {stored['reason']}")
    if advised and stored["code"] in advised[-1]["blocked_by"]:
        next_command(f"paceline recommend {study_id} --accept")
    else:
        typer.echo("the next review takes it into account; the advice that stands does not")
        next_command(f"paceline recommend {study_id}")


def explain(
    code: Annotated[str | None, typer.Argument(help="a rule's code, such as SPC201")] = None,
    url: Url = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Explain a rule: what it does, why it matters, what to do. Without a code: list them."""
    client = connect(url, token_file)
    answer = client.get(f"/v1/rules/{code.upper()}" if code else "/v1/rules")
    if as_json:
        print_json(answer)
    elif code:
        typer.echo(f"{answer['code']}: {answer['title']} ({', '.join(answer['claims'])})\n")
        typer.echo(answer["explanation"])
        never = "" if answer["waivable"] else ", never waived"
        typer.echo(
            f"\n  binding {answer['default_binding']}{never}; severity {answer['severity']}; "
            f"stages {answer['stage']}"
        )
        settings = answer["settings"]
        names = settings.items() if isinstance(settings, dict) else []
        for name, value in names:
            typer.echo(f"  setting {name} = {value}")
    else:
        print_table(
            ("code", "title", "stage", "claims"),
            [(r["code"], r["title"], r["stage"], " ".join(r["claims"])) for r in answer["items"]],
        )
        next_command("paceline explain SPC201")


def best(
    study_id: StudyId, url: Url = None, token_file: TokenFile = None, as_json: AsJson = False
) -> None:
    """Print the best trial: parameters, checkpoint, and how to train it again."""
    client = connect(url, token_file)
    study = client.get(f"/v1/studies/{study_id}")
    if study["best"] is None:
        typer.echo("no trial has a result yet", err=True)
        raise typer.Exit(4)
    trial = client.get(f"/v1/trials/{study['best']['trial_id']}")
    if as_json:
        print_json({**study["best"], "params": trial["params"], "seed": trial["seed"]})
        return
    objective = study["definition"]["objective"]["metric"]
    typer.echo(f"{objective} = {study['best']['value']:.6g} at step {study['best']['step']}")
    for name, value in trial["params"].items():
        typer.echo(f"  {name} = {value}")
    typer.echo(f"  seed = {trial['seed']}, max_train_steps = {trial['max_train_steps']}")
    saved = study["best"]["checkpoint"]
    if saved:
        typer.echo(f"checkpoint: {saved['store']}/{saved['key']} ({saved['bytes']} bytes)")
    command = study["definition"]["job"]
    if isinstance(command, dict) and command.get("command"):
        flags = " ".join(f"--{n.replace('_', '-')} {v}" for n, v in trial["params"].items())
        steps = f"--max-train-steps {trial['max_train_steps']}"
        typer.echo(f"launch: {' '.join(command['command'])} {flags} {steps}")
