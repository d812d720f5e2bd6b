"""`paceline db ...`: upgrade the schema, back up, and what must be done after a restore."""

from pathlib import Path
from typing import Annotated

import typer

from paceline.cli.output import next_command
from paceline.cli.servers import DatabaseUrl, DataDir, settings_from

app = typer.Typer(no_args_is_help=True, help="look after the database")

BackupFile = Annotated[Path, typer.Argument(help="the copy to make", metavar="FILE")]


@app.command()
def upgrade(database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Bring the schema to this version; safe to repeat."""
    from app.db import migrate  # noqa: PLC0415 - a server's import, only here
    from app.main import create_context  # noqa: PLC0415 - as above
    from app.services.server_key import server_key  # noqa: PLC0415 - as above

    settings = settings_from(database_url=database_url, data_dir=data_dir)
    migrate.upgrade(settings.resolved_database_url)
    server_key(create_context(settings))
    typer.echo("the schema is at head")


@app.command()
def backup(file: BackupFile, database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Copy an SQLite database while it is in use; for PostgreSQL it says what to type."""
    from app.db.backup import copy_sqlite  # noqa: PLC0415 - a server's import, only here

    url = settings_from(database_url=database_url, data_dir=data_dir).resolved_database_url
    if not url.startswith("sqlite"):
        typer.echo("error: PostgreSQL is backed up by its own tool", err=True)
        typer.echo(f"  -> pg_dump --format=custom --file={file} DATABASE_URL", err=True)
        raise typer.Exit(2)
    if file.exists():
        typer.echo(f"error: {file} exists, and a backup overwrites nothing", err=True)
        raise typer.Exit(2)
    size_bytes = copy_sqlite(url, file)
    typer.echo(f"{file}: {size_bytes} bytes, of one moment; the server went on")
    next_command("keep the checkpoint store beside it: the copy names its files")


@app.command()
def restored(database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """After a restore, before any server starts: attempts that ran at the backup are lost."""
    from app.main import create_context  # noqa: PLC0415 - a server's import, only here
    from app.services.health import check_ready  # noqa: PLC0415 - as above
    from app.services.leases import release_all_live  # noqa: PLC0415 - as above

    context = create_context(settings_from(database_url=database_url, data_dir=data_dir))
    check_ready(context)
    released = release_all_live(context)
    typer.echo(f"{len(released)} attempts are lost; their trials wait for a new start")
    next_command("start the API, then the conductor; workers that still run find their way back")
