"""`paceline round ...`: post a round of your own, add points, close one, read its review."""

from pathlib import Path
from typing import Annotated, Any  # Any: JSON of the service

import typer

from paceline.cli.connection import AsJson, TokenFile, Url, connect
from paceline.cli.output import counts_line, next_command, print_json, print_verdicts
from paceline.cli.studies import DefinitionFile, StudyId, read_definition

Json = dict[str, Any]  # Any: JSON
app = typer.Typer(no_args_is_help=True, help="write rounds of your own, add points, close, review")

RoundNumber = Annotated[int, typer.Argument(help="the round's number", metavar="N", min=1)]
Count = Annotated[int | None, typer.Option(help="so many more points from the round's sampler")]
PointsFile = Annotated[
    Path | None,
    typer.Option("--points", help="your own points: a YAML or JSON file with `points: [...]`"),
]


@app.command()
def post(
    study_id: StudyId,
    file: DefinitionFile,
    url: Url = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Open a round of your own; what the file leaves out is inherited from the last tune round."""
    definition = read_definition(file)
    opened = connect(url, token_file).post(f"/v1/studies/{study_id}/rounds", definition)
    if as_json:
        print_json(opened)
        return
    typer.echo(f"{_named(opened)} is open: {_size(opened)}")
    for warning in opened.get("warnings", []):
        typer.echo(f"warning: {warning}", err=True)
    next_command(f"paceline study watch {study_id}")


@app.command()
def add(  # noqa: PLR0913 - typer hands over each option as its own argument
    study_id: StudyId,
    number: RoundNumber,
    count: Count = None,
    points: PointsFile = None,
    url: Url = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Add points to a round; a closed one opens again and is reviewed anew."""
    body = _more(count, points)
    answer = connect(url, token_file).post(f"/v1/studies/{study_id}/rounds/{number}/trials", body)
    if as_json:
        print_json(answer)
        return
    changed, added = answer["round"], len(answer["trials"])
    typer.echo(f"{_named(changed)} has {added} more trials of {changed['max_train_steps']} steps")
    next_command(f"paceline study watch {study_id}")


def _more(count: int | None, points: Path | None) -> Json:
    """What to add. Raises typer.BadParameter unless exactly one of both is given."""
    if (count is None) == (points is None):
        raise typer.BadParameter("say either --count K or --points FILE")
    return {"count": count} if points is None else read_definition(points)


@app.command()
def close(
    study_id: StudyId,
    number: RoundNumber,
    url: Url = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Start no more trials of a round; what runs ends as usual, then the round is reviewed."""
    closing = connect(url, token_file).post(f"/v1/studies/{study_id}/rounds/{number}/close")
    if as_json:
        print_json(closing)
        return
    typer.echo(f"{_named(closing)} is {closing['state']}: {counts_line(closing['counts'])}")
    next_command(f"paceline study watch {study_id}")


@app.command()
def show(
    study_id: StudyId,
    number: RoundNumber,
    url: Url = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Show all verdicts on a round: findings, what could not be judged, what is clear."""
    client = connect(url, token_file)
    assessment = client.get(f"/v1/studies/{study_id}/rounds/{number}/assessment")
    if as_json:
        print_json(assessment)
        return
    shown = client.get(f"/v1/studies/{study_id}/rounds/{number}")
    so_far = ", judged so far" if assessment["provisional"] else ""
    typer.echo(f"{_named(shown)} is {shown['state']}{so_far}: {counts_line(shown['counts'])}")
    print_verdicts(assessment["verdicts"])
    next_command(f"paceline recommend {study_id}")


def _named(one: Json) -> str:
    return f"round {one['round']} ({one['purpose']})"


def _size(one: Json) -> str:
    return f"{sum(one['counts'].values())} trials of {one['max_train_steps']} steps"
