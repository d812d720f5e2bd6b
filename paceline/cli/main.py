"""The command `paceline`: assembles the commands and turns refusals into words and exit codes."""

import sys

import typer

from paceline.cli import access, advice, demo, doctor, servers, studies, trials
from paceline.cli.connection import AUTH, CONFLICT, UNREACHABLE, USAGE, exit_code, say_problem

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
app.command()(servers.worker)
app.add_typer(studies.app, name="study")
app.add_typer(trials.app, name="trial")
app.command()(advice.recommend)
app.command()(advice.best)
app.command()(advice.explain)
app.add_typer(access.tokens, name="token")
app.command()(access.login)
app.add_typer(access.configuration, name="config")
app.add_typer(servers.database, name="db")
app.command()(doctor.doctor)


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
    if type(error).__module__ == "app.domain.errors":
        return _refused_here(error)
    raise error


def _refused_here(error: Exception) -> int:
    typer.echo(f"error: {error}", err=True)
    hint = getattr(error, "hint", "")
    if hint:
        typer.echo(f"  -> {hint}", err=True)
    return {"WrongState": CONFLICT, "Unauthenticated": AUTH}.get(type(error).__name__, USAGE)


if __name__ == "__main__":
    main()
