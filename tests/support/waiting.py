"""Polling with a deadline, which tests use instead of sleeping."""

import socket
import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")


def wait_until(
    condition: Callable[[], Answer], *, seconds: float = 15, every: float = 0.02, what: str = ""
) -> Answer:
    """Return the first truthy answer of `condition`; fail, saying `what`, past the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            description = what or getattr(condition, "__name__", "the condition")
            raise AssertionError(f"waited {seconds:g} s for {description}; last answer: {answer!r}")
        time.sleep(every)


def free_port() -> int:
    """Name a loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
