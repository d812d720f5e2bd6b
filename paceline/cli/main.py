"""The command `paceline`: assembles the commands and turns refusals into words and exit codes."""

import re
import sys
from typing import Any

import typer

from paceline.cli import (
    access,
    advice,
    audits,
    checkpoints,
    databases,
    demo,
    doctor,
    limits,
    plans,
    rounds,
    schedules,
    servers,
    studies,
    trials,
    workers,
)
from paceline.cli.connection import AUTH, CONFLICT, UNREACHABLE, USAGE, exit_code, say_problem

CANNOT_START = (
    "StartFailed",
    "PlaceTaken",
    "NoSlot",
    "StoreUnusable",
)  # they say what is in the way

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain words: no box breaks a path in two, and --help starts faster
    help="Paceline decides how long to train.",
    epilog="Start here: paceline demo",
)
app.command()(demo.demo)
app.command()(servers.up)
app.command()(servers.api)
app.command()(servers.conductor)
app.add_typer(workers.app, name="worker")
app.add_typer(studies.app, name="study")
app.add_typer(rounds.app, name="round")
app.add_typer(trials.app, name="trial")
app.add_typer(checkpoints.app, name="checkpoints")
app.command()(advice.recommend)
app.command()(advice.waive)
app.command()(advice.best)
app.command()(advice.explain)
app.command()(audits.audit)
app.command()(plans.plan)
app.command()(limits.budget)
app.add_typer(schedules.app, name="schedule")
app.add_typer(access.tokens, name="token")
app.command()(access.login)
app.add_typer(access.configuration, name="config")
app.add_typer(databases.app, name="db")
app.command(context_settings=doctor.WORKER_FLAGS)(doctor.doctor)


def main() -> None:
    """Run the command line; a refusal of the service becomes words on stderr and an exit code."""
    try:
        app()
    except Exception as error:  # noqa: BLE001 - the process's edge: anything unknown is raised again
        sys.exit(_explained(error))


def _explained(error: Exception) -> int:
    from paceline.client import ProblemError, ServiceNotFound, Unreachable  # noqa: PLC0415 - slow import

    if isinstance(error, ProblemError):
        say_problem(error)
        return exit_code(error)
    if isinstance(error, Unreachable | ServiceNotFound):
        typer.echo(f"error: {error}", err=True)
        if isinstance(error, Unreachable):
            typer.echo("  -> is the service running? start one here with: paceline up", err=True)
        return UNREACHABLE
    return _explained_here(error)


def _explained_here(error: Exception) -> int:
    """Of a process that was to start here; told by name, for its modules were imported lazily."""
    kind = type(error)
    if kind.__module__ == "app.domain.errors":
        return _refused_here(error)
    if kind.__module__ == "app.db.trouble":
        typer.echo(f"error: the database does not answer: {error}", err=True)
        typer.echo("  -> is it up, and is it the one meant? --database-url names it", err=True)
        return UNREACHABLE
    is_about_a_file = isinstance(error, OSError) and error.filename is not None
    if kind.__name__ in CANNOT_START or is_about_a_file:
        typer.echo(f"error: {error}", err=True)
        return 1
    if kind.__name__ == "ValidationError":
        _say_settings(error)
        return USAGE
    raise error


def _say_settings(error: Any) -> None:  # Any: pydantic's, imported lazily
    for wrong in error.errors():
        name = ".".join(str(part) for part in wrong["loc"])
        value = re.sub("//[^/@]*@", "//...@", repr(wrong["input"]))  # no password on a screen
        typer.echo(f"error: setting {name} = {value}: {wrong['msg']}", err=True)
    typer.echo(
        "  -> see where each setting comes from: env | grep PACELINE_, paceline.toml", err=True
    )


def _refused_here(error: Exception) -> int:
    typer.echo(f"error: {error}", err=True)
    hint = getattr(error, "hint", "")
    if hint:
        typer.echo(f"  -> {hint}", err=True)
    return {"WrongState": CONFLICT, "Unauthenticated": AUTH}.get(type(error).__name__, USAGE)


if __name__ == "__main__":
    main()
