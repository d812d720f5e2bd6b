"""`paceline up`, `api`, `conductor`, and what `worker` runs: the processes."""

import sys
from pathlib import Path
from typing import Annotated, Any  # Any: settings of all types

import typer

DatabaseUrl = Annotated[str | None, typer.Option("--database-url", help="SQLite or PostgreSQL")]
DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="data folder (default: .paceline)")
]
Host = Annotated[
    str | None, typer.Option("--host", help="address to listen on (default: 127.0.0.1)")
]
Port = Annotated[int | None, typer.Option("--port", help="port to listen on (default: 8731)")]
Store = Annotated[
    str | None, typer.Option("--store", help="checkpoint store: file://... or s3://bucket/prefix")
]
Broker = Annotated[str | None, typer.Option("--broker", help="redis://... to wake workers")]


def settings_from(**flags: Any) -> Any:  # Any: a Settings, imported lazily, and its values
    """Settings in which the flags that were given beat variables and file."""
    from app.settings import Settings  # noqa: PLC0415 - a server's import, only here

    return Settings(**{name: value for name, value in flags.items() if value is not None})


def up(
    data_dir: DataDir = None,
    host: Host = None,
    port: Port = None,
    slots: Annotated[
        int, typer.Option(help="trainings at a time (default: half the cores)", show_default=False)
    ] = 0,
    allow_commands: Annotated[
        bool,
        typer.Option("--allow-commands", help="run commands although others can reach the API"),
    ] = False,
) -> None:
    """Run everything in one process on SQLite: API, conductor and a worker."""
    from app.logs import configure_logging  # noqa: PLC0415 - a server's import, only here
    from paceline.cli.embedded import run_until_told  # noqa: PLC0415 - as above

    configure_logging(as_json=not sys.stderr.isatty())
    settings = settings_from(
        data_dir=data_dir, host=host, port=port, allow_commands=allow_commands or None
    )
    run_until_told(settings, slots)


def api(
    database_url: DatabaseUrl = None,
    host: Host = None,
    port: Port = None,
    store: Store = None,
    data_dir: DataDir = None,
) -> None:
    """Serve the API."""
    from app.logs import configure_logging  # noqa: PLC0415 - a server's import, only here
    from app.main import api_server, create_context  # noqa: PLC0415 - as above
    from paceline.cli.serving import serving  # noqa: PLC0415 - as above
    from paceline.cli.signals import Signals  # noqa: PLC0415 - as above

    configure_logging(as_json=True)
    settings = settings_from(
        database_url=database_url, host=host, port=port, store=store, data_dir=data_dir
    )
    with Signals() as signals, serving(api_server(create_context(settings))) as thread:
        while thread.is_alive() and not signals.wait(1.0):
            pass


def conductor(
    database_url: DatabaseUrl = None,
    broker: Broker = None,
    store: Store = None,
    data_dir: DataDir = None,
) -> None:
    """Sweep leases, review rounds, apply the autopilot, wake workers."""
    from app.logs import configure_logging  # noqa: PLC0415 - a server's import, only here
    from app.main import create_conductor, create_context  # noqa: PLC0415 - as above
    from paceline.cli.signals import Signals  # noqa: PLC0415 - as above

    configure_logging(as_json=True)
    settings = settings_from(
        database_url=database_url, broker=broker, store=store, data_dir=data_dir
    )
    leading = create_conductor(create_context(settings))
    with Signals() as signals:
        leading.start()
        signals.wait()
        leading.stop()


def run_worker(flags: dict[str, Any]) -> None:  # Any: values of all types
    """Run trainings on this node's slots until told to end; flags not given are left out."""
    from app.logs import configure_logging  # noqa: PLC0415 - a worker's import, only here
    from workers.main import run  # noqa: PLC0415 - as above

    configure_logging(as_json=not sys.stderr.isatty())
    raise typer.Exit(run(worker_options(flags)))


def worker_options(flags: dict[str, Any]) -> Any:  # Any: WorkerOptions, imported lazily
    """The options of a worker; flags not given are left out."""
    from workers.options import WorkerOptions  # noqa: PLC0415 - a worker's import, only here

    given = {
        key: value
        for key, value in flags.items()
        if value is not None and value is not False and value not in ([], ())
    }
    return WorkerOptions(**given)
