"""A server in a thread of its own, so that the main thread hears signals and the process ends with
0."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

STOP_SECONDS = 10.0


class StartFailed(RuntimeError):
    """The API did not come up; its log says why."""


@contextmanager
def serving(server: uvicorn.Server) -> Iterator[threading.Thread]:
    """The API while the block runs; what it serves is finished when it is left.

    Raises StartFailed.
    """
    thread = threading.Thread(target=server.run, name="api", daemon=True)
    thread.start()
    _wait_until_up(server, thread)
    try:
        yield thread
    finally:
        server.should_exit = True
        thread.join(STOP_SECONDS)


def _wait_until_up(server: uvicorn.Server, thread: threading.Thread) -> None:
    while not server.started:
        if not thread.is_alive():
            raise StartFailed(
                f"the API did not start on {server.config.host}:{server.config.port}: "
                "is the port taken? choose another with --port"
            )
        time.sleep(0.01)
