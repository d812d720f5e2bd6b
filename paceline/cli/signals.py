"""SIGTERM and Ctrl-C: the first asks, the second kills at once."""

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Self

HANDLED = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """While entered, the first signal sets an event; a second one ends the process without a
    word."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    def __enter__(self) -> Self:
        for number in HANDLED:
            signal.signal(number, self._ask)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number in HANDLED:
            signal.signal(number, signal.SIG_DFL)

    def _ask(self, number: int, _frame: FrameType | None) -> None:
        if self._asked.is_set():
            os._exit(128 + number)
        self._asked.set()

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Whether somebody asked to end."""
        return self._asked.wait(timeout_seconds)
