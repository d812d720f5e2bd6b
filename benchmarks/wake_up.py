"""From a wake-up to the claim that it causes, through Celery and Redis, against a bare Celery no-op
under the same settings, in turn."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, SimpleQueue

import redis
from celery import Celery

from app.queue.wake import WakeUpSender
from benchmarks.bare_celery import ANSWERS, BROKER, QUEUE, TASK
from benchmarks.service import COMMAND
from benchmarks.table import Row, middle
from tests.support.redis import own_redis

RUNS, EACH, PAUSE_SECONDS, MOST_SECONDS = 5, 20, 0.05, 30.0
BARE = ("-A", "benchmarks.bare_celery", "worker", "-P", "threads", "-c", "1", "-Q", QUEUE)
QUIET = ("--loglevel=WARNING", "--without-gossip", "--without-mingle")


class ClaimCounter(ThreadingHTTPServer):
    """A service without work: every claim is answered 204, and its time noted."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.claimed_at: SimpleQueue[float] = SimpleQueue()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: ClaimCounter

    def do_POST(self) -> None:
        arrived_at = time.perf_counter()
        self.rfile.read(int(self.headers["Content-Length"]))
        is_claim = self.path == "/v1/claims"
        body = b"" if is_claim else json.dumps({}).encode()
        self.send_response(204 if is_claim else 200)
        self.send_header("Content-Type", "application/json")
        if body:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if is_claim:
            self.server.claimed_at.put(arrived_at)

    def log_message(self, *_: object) -> None:
        pass


def measure() -> list[Row]:
    """Milliseconds from the publication to the claim, to the no-op's answer, and their ratio."""
    with ExitStack() as stack:
        broker = stack.enter_context(own_redis()).url
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="paceline-wake-up-"))
        ours = stack.enter_context(_woken_worker(broker, Path(scratch)))
        bare = stack.enter_context(_bare_worker(broker))
        ours(), bare()  # the first ones connect
        pairs = [(_median_ms(ours), _median_ms(bare)) for _ in range(RUNS)]
    mine, peer = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    ratios = [one / other for one, other in pairs]
    spread, between = (min(mine), max(mine)), (min(ratios), max(ratios))
    name = "wake-up to claim (peer: a bare Celery no-op)"
    return [
        Row(name, middle(mine), middle(peer), "ms", "", is_higher_better=False, spread=spread),
        Row("wake-up over the no-op", middle(ratios), None, "x", "<= 1.5x", spread=between),
    ]


def _median_ms(work: Callable[[], float]) -> float:
    return 1000 * middle([work() for _ in range(EACH)])


@contextmanager
def _woken_worker(broker: str, folder: Path) -> Iterator[Callable[[], float]]:
    """Yields what wakes a worker once; the seconds until its claim came."""
    server = ClaimCounter()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    words = ("--url", f"http://127.0.0.1:{server.server_address[1]}", "--broker", broker)
    places = ("--state-dir", str(folder / "worker"), "--lock-dir", str(folder / "locks"))
    environment = os.environ | {"PACELINE_TOKEN": "bench"}
    sender = WakeUpSender(broker)

    def wake() -> float:
        _rest(server.claimed_at)
        began = time.perf_counter()
        sender.wake("cpu")
        return server.claimed_at.get(timeout=MOST_SECONDS) - began

    with _process([*COMMAND, "worker", *words, *places], environment):
        server.claimed_at.get(timeout=MOST_SECONDS)  # its first claim, by itself
        yield wake
    sender.close()
    server.shutdown()
    server.server_close()


def _rest(claims: "SimpleQueue[float]") -> None:
    """Until the slot waits again: nothing was claimed for a while."""
    try:
        while True:
            claims.get(timeout=PAUSE_SECONDS)
    except Empty:
        return


@contextmanager
def _bare_worker(broker: str) -> Iterator[Callable[[], float]]:
    """Yields what sends the no-op once; the seconds until its answer came."""
    client = redis.Redis.from_url(broker, socket_timeout=MOST_SECONDS + 10)
    sender = Celery("sender", broker=broker, set_as_current=False)
    sender.conf.update(task_ignore_result=True)

    def call() -> float:
        time.sleep(PAUSE_SECONDS)  # as long as ours waits for a node that is idle again
        began = time.perf_counter()
        sender.send_task(TASK, queue=QUEUE, expires=60)
        if client.blpop([ANSWERS], timeout=MOST_SECONDS) is None:
            raise RuntimeError(f"the no-op did not run within {MOST_SECONDS} s")
        return time.perf_counter() - began

    command = [sys.executable, "-m", "celery", *BARE, *QUIET]
    with _process(command, os.environ | {BROKER: broker}):
        yield call
    sender.close()
    client.close()


@contextmanager
def _process(command: list[str], environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)
