"""From flags to a client of the service, and from its refusals to words and exit codes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from paceline.client import Client, ProblemError

Url = Annotated[str | None, typer.Option("--url", help="address of the service")]
TokenFile = Annotated[
    Path | None, typer.Option("--token-file", help="file that holds the token", dir_okay=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]

OK, USAGE, FINDING, NOT_FOUND, AUTH, CONFLICT, UNREACHABLE = 0, 2, 3, 4, 5, 6, 7
_BY_STATUS = {401: AUTH, 403: AUTH, 404: NOT_FOUND, 409: CONFLICT, 412: CONFLICT, 429: AUTH}


def connect(url: str | None, token_file: Path | None) -> "Client":
    """A client of the service that the flags, the environment or a file names."""
    from paceline.client import Client, find_service  # noqa: PLC0415 - keeps --help fast

    service = find_service(url, token_file)
    return Client(service.url, service.token, timeout=60.0)


def exit_code(problem: "ProblemError") -> int:
    """2 usage, 3 policy finding, 4 not found, 5 auth, 6 conflict, 7 no service that works."""
    if problem.findings:
        return FINDING
    if problem.status >= 500:
        return UNREACHABLE
    return _BY_STATUS.get(problem.status, USAGE)


def say_problem(problem: "ProblemError") -> None:
    """The refusal on stderr: what is wrong, each finding, what to do."""
    typer.echo(f"error: {problem.detail or problem.title}", err=True)
    for finding in problem.findings:
        typer.echo(f"  {finding.get('code')}: {finding.get('message')}", err=True)
        if finding.get("action"):
            typer.echo(f"    -> {finding['action']}", err=True)
    if problem.hint:
        typer.echo(f"  -> {problem.hint}", err=True)
