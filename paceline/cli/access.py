"""`paceline token`, `login`, `config show`: who may ask, where the service is, which settings
hold."""

from pathlib import Path
from typing import Annotated, Any  # Any: settings of all types

import typer

from paceline.cli.connection import AsJson, TokenFile, Url, connect
from paceline.cli.output import next_command, print_json, print_table

tokens = typer.Typer(no_args_is_help=True, help="make, list and revoke tokens")
configuration = typer.Typer(no_args_is_help=True, help="which settings hold, and where from")

DatabaseUrl = Annotated[str, typer.Option("--database-url", help="work on the database itself")]
ALL_SCOPES = "studies:read,studies:write,commands:run,workers,admin"


@tokens.command("create")
def create_token(
    name: Annotated[str, typer.Argument(help="what it is for")],
    scopes: Annotated[str, typer.Option(help="comma-separated")] = ALL_SCOPES,
    url: Url = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
    database_url: DatabaseUrl = "",
) -> None:
    """Make a token; it is printed alone on stdout's last line, this once."""
    wanted = tuple(scope.strip() for scope in scopes.split(",") if scope.strip())
    if database_url:
        made = _create_in_database(name, wanted, database_url)
    else:
        made = connect(url, token_file).post("/v1/tokens", {"name": name, "scopes": wanted})
    if as_json:
        print_json(made)
        return
    typer.echo(
        f"token {made['id']} with {', '.join(made['scopes'])}; keep it, it is not shown again",
        err=True,
    )
    typer.echo(made["token"])


def _create_in_database(name: str, scopes: tuple[str, ...], database_url: str) -> dict[str, Any]:
    from app.main import create_context  # noqa: PLC0415 - a server's import, only here
    from app.services.tokens import create_token as create  # noqa: PLC0415 - as above
    from app.settings import Settings  # noqa: PLC0415 - as above

    made = create(create_context(Settings(database_url=database_url)), name, scopes)
    return {"id": made.id, "name": name, "scopes": list(made.scopes), "token": made.text}


@tokens.command("ls")
def list_tokens(url: Url = None, token_file: TokenFile = None, as_json: AsJson = False) -> None:
    """List valid tokens, without their text."""
    answer = connect(url, token_file).get("/v1/tokens")
    if as_json:
        print_json(answer)
        return
    rows = [(t["id"], t["name"], ",".join(t["scopes"]), t["last_used_at"]) for t in answer["items"]]
    print_table(("id", "name", "scopes", "last used"), rows)


@tokens.command("revoke")
def revoke_token(
    token_id: str, url: Url = None, token_file: TokenFile = None, as_json: AsJson = False
) -> None:
    """Revoke a token at once."""
    connect(url, token_file).delete(f"/v1/tokens/{token_id}")
    if as_json:
        print_json({"revoked": token_id})
    else:
        typer.echo(f"token {token_id} is revoked")


def login(
    url: Annotated[str, typer.Argument(help="address of the service", metavar="URL")],
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Remember a service and its token in your configuration folder."""
    from paceline.client import Client  # noqa: PLC0415 - keeps --help fast
    from paceline.service import user_client_file, write_client_file  # noqa: PLC0415 - as above

    text = token_file.read_text().strip() if token_file else typer.prompt("token", hide_input=True)
    with Client(url, text) as client:
        client.get("/v1/studies", {"limit": 1})
    file = user_client_file()
    write_client_file(file, url, text)
    if as_json:
        print_json({"url": url, "file": str(file)})
    else:
        typer.echo(f"{url} answers; remembered in {file}")
        next_command("paceline study ls")


@configuration.command("show")
def show_settings(as_json: AsJson = False) -> None:
    """Print each setting's value and where it came from; secrets are masked."""
    from app.settings import Settings, sources  # noqa: PLC0415 - a server's import, only here

    settings = Settings()
    origin = sources()
    rows = [
        (name, _shown(name, getattr(settings, name)), origin.get(name, "default"))
        for name in Settings.model_fields
    ]
    if as_json:
        print_json({name: {"value": value, "source": source} for name, value, source in rows})
    else:
        print_table(("setting", "value", "source"), rows)


def _shown(name: str, value: Any) -> Any:  # Any: settings of all types
    if name == "secret_key":
        return "********" if value else ""
    if name in ("database_url", "broker"):
        return _masked(str(value))
    return str(value) if isinstance(value, Path) else value


def _masked(url: str) -> str:
    """The address with its password hidden."""
    head, at, tail = url.rpartition("@")
    scheme, slashes, user = head.partition("://")
    return f"{scheme}{slashes}{user.split(':')[0]}:********@{tail}" if at and ":" in user else url
