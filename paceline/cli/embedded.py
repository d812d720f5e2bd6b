"""One process with everything in it: API, conductor and worker on SQLite, for `up` and `demo`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer
from psutil import cpu_count

from app.main import TOKEN_FILE, api_server, create_conductor, is_loopback, prepare_embedded
from app.settings import Settings
from paceline.cli.serving import STOP_SECONDS, serving
from paceline.cli.signals import Signals
from paceline.service import write_client_file
from workers.node import Node
from workers.options import WorkerOptions


@dataclass(frozen=True, slots=True)
class Running:
    """Where the embedded service listens, and its token's file."""

    url: str
    token_file: Path


def run_until_told(settings: Settings, slots: int) -> None:
    """`paceline up`: until a signal; a second signal kills at once."""
    with Signals() as signals, running(settings, slots) as service:
        typer.echo(f"Paceline answers at {service.url} (token: {service.token_file})")
        typer.echo("next: paceline study create STUDY.yaml")
        signals.wait()
        typer.echo("stopping: trainings checkpoint, nothing is lost", err=True)


@contextmanager
def running(settings: Settings, slots: int) -> Iterator[Running]:
    """The service while the block runs; trainings are asked to checkpoint when it is left."""
    context = prepare_embedded(settings)
    with serving(api_server(context)):
        conductor = create_conductor(context)
        conductor.start()
        service = _announce(settings)
        node = Node(worker_options(settings, service, slots))
        try:
            node.start()
            yield service
        finally:
            node.stop()
            node.wait(settings.grace_seconds + STOP_SECONDS)
            conductor.stop()
    context.database.close()


def _announce(settings: Settings) -> Running:
    """Write the file by which clients in this folder find the service."""
    token_file = settings.data_dir / TOKEN_FILE
    service = Running(f"http://{_reachable(settings.host)}:{settings.port}", token_file)
    token = token_file.read_text().strip()
    write_client_file(settings.data_dir / "client.json", service.url, token)
    return service


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host


def worker_options(settings: Settings, service: Running, slots: int) -> WorkerOptions:
    """The embedded worker: half the cores, commands allowed on loopback only, unless told."""
    return WorkerOptions(
        url=service.url,
        token_file=service.token_file,
        name="embedded",
        slots=slots or max(1, (cpu_count() or 2) // 2),
        store=settings.resolved_store,
        state_dir=settings.data_dir / "worker",
        allow_commands=settings.allow_commands or is_loopback(settings.host),
    )
