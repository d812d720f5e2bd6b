"""`paceline audit FILE`: judge trials that ran elsewhere, from a long-form table."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any  # Any: JSON

import typer

from paceline.cli.connection import FINDING, AsJson, TokenFile, Url, connect
from paceline.cli.definitions import read_definition
from paceline.cli.long_table import (
    RESERVED,
    columns_of,
    guess_parameters,
    keep_parameters,
    read_rows,
    rounds_of,
)
from paceline.cli.measured_columns import (
    guess_objective,
    guess_training,
    measured_columns,
    with_direction,
)
from paceline.cli.output import print_json, print_recommendation, print_verdicts

Json = dict[str, Any]  # Any: JSON
TAKEN_OVER = (
    "workload", "objective", "training_metric", "loss_metric", "parameters", "fixed", "sampler",
    "production_steps", "settings",
)  # fmt: skip  # names of fields, not a column
ABOUT_ROUNDS = ("schedule", "evaluate_every_steps")
File = Annotated[Path, typer.Argument(help="the table: .csv or .parquet", metavar="FILE")]


def audit(  # noqa: PLR0913 - typer hands over each option as its own argument
    file: File,
    study: Annotated[
        Path | None,
        typer.Option(help="a study file: objective, parameters, schedule ... are taken from it"),
    ] = None,
    objective: Annotated[
        str | None, typer.Option(help="the metric that decides: COLUMN, or COLUMN:maximize")
    ] = None,
    training: Annotated[
        str | None, typer.Option(help="the training metric: COLUMN, or COLUMN:maximize")
    ] = None,
    max_train_steps: Annotated[
        int | None, typer.Option(help="the horizon; default: the column, else the last step")
    ] = None,
    url: Url = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Judge trials that ran elsewhere. Nothing is stored.

    FILE has one row for each trial and evaluation. Columns: trial_id and step; one for each
    metric (empty = not measured here; nan and inf are read); optional: seed, outcome (completed,
    diverged, failed, censored), round (1, 2 ...), purpose (tune, lr_sweep ...), max_train_steps.
    Every other column that does not change within a trial is a parameter.

    Without --study the search space is what was tried, and the schedule is taken for constant:
    name a column learning_rate or lr. Without --objective the only validation metric decides
    (val_error, test_loss ...), more being better if its name says so. With --study only the
    parameters, metrics and schedule of that file count. Exit code 3: an enforced rule found
    something.
    """
    body = build_request(file, read_definition(study) if study else {}, objective, training)
    set_horizon(body, max_train_steps)
    answer = connect(url, token_file).post("/v1/audits", body)
    if as_json:
        print_json(answer)
    else:
        _print(answer)
    enforced = _enforced(answer)
    if enforced:
        typer.echo(f"error: enforced findings: {', '.join(enforced)}", err=True)
        typer.echo(f"  -> what to do: paceline explain {enforced[0]}", err=True)
        raise typer.Exit(FINDING)


def build_request(
    file: Path, definition: Json, objective: str | None, training: str | None
) -> Json:
    """The audit that the table and the study file make. Raises typer.BadParameter."""
    rows = read_rows(file)
    body = {name: definition[name] for name in TAKEN_OVER if definition.get(name) is not None}
    if objective is not None:
        body["objective"] = _metric(objective)
    if training is not None:
        body["training_metric"] = _metric(training)
    measured = measured_columns(rows, RESERVED) if rows else ()
    if rows and not definition:
        _guess_metrics(body, measured)
    columns = columns_of(rows, _metric_names(body), measured)
    rounds = rounds_of(rows, columns)
    body.setdefault("parameters", guess_parameters(rounds))
    keep_parameters(rounds, body["parameters"])
    shared = {name: definition[name] for name in ABOUT_ROUNDS if definition.get(name) is not None}
    body["rounds"] = [{**shared, **one} for one in rounds]
    return body


def _guess_metrics(body: Json, measured: Sequence[str]) -> None:
    """What nobody named, by the names and behaviour of the columns; said aloud."""
    if "objective" not in body:
        guessed = with_direction(guess_objective(measured))
        body["objective"] = _metric(guessed)
        typer.echo(f"objective: {guessed} (guessed; --objective names another)", err=True)
    training = guess_training(measured, body["objective"]["metric"])
    if "training_metric" not in body and training is not None:
        body["training_metric"] = _metric(with_direction(training))
        told = with_direction(training)
        typer.echo(f"training metric: {told} (guessed; --training names another)", err=True)


def set_horizon(body: Json, max_train_steps: int | None) -> None:
    """Put the typed horizon into the last round: earlier ones keep their own."""
    if max_train_steps is not None:
        body["rounds"][-1]["max_train_steps"] = max_train_steps


def _metric(told: str) -> Json:
    name, _, direction = told.partition(":")
    return {"metric": name, "direction": direction or "minimize"}


def _metric_names(body: Json) -> list[str]:
    if "objective" not in body:
        raise typer.BadParameter("name the metric that decides: --objective COLUMN, or --study")
    names = [body["objective"]["metric"]]
    if "training_metric" in body:
        names.append(body["training_metric"]["metric"])
    if "loss_metric" in body:
        names.append(body["loss_metric"])
    return names


def _print(answer: Json) -> None:
    for assessment in answer["assessments"]:
        typer.echo(f"round {assessment['round']}")
        print_verdicts(assessment["verdicts"])
    print_recommendation(answer["recommendation"])


def _enforced(answer: Json) -> list[str]:
    """Codes of the last round's findings that would block."""
    last = answer["assessments"][-1]["verdicts"]
    found = [v for v in last if v["verdict"] == "finding" and v["binding"] == "enforce"]
    return list(dict.fromkeys(v["code"] for v in found))
