"""Stops one transaction of the service at a moment of its own until the test lets it go on: so a
write can be as late as one likes, without a clock."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import event

from tests.contract.lab import Lab

T = TypeVar("T")
PATIENCE_SECONDS = 60.0
BEFORE_IT_BEGINS = "checkout"  # parsed and signed in, but no connection taken yet
BEFORE_IT_COMMITS = "commit"  # everything locked and written


@dataclass
class Barrier:
    """The first transaction that comes stops here; all later ones pass, and so does the thread that
    says every few seconds that an API is there."""

    reached: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)
    _first: threading.Lock = field(default_factory=threading.Lock)

    def stop(self, *_: object) -> None:
        if threading.current_thread().name == "presence":
            return
        if self._first.acquire(blocking=False):
            self.reached.set()
            assert self.opened.wait(PATIENCE_SECONDS), "nobody opened the barrier"


@contextmanager
def held_at(lab: Lab, moment: str, act: Callable[[], T]) -> Iterator[tuple[Barrier, "Future[T]"]]:
    """Run `act` in a thread until its transaction stands at the moment; opened at the latest on
    leaving."""
    barrier = Barrier()
    engine = lab.context.database.engine
    event.listen(engine, moment, barrier.stop)
    try:
        with ThreadPoolExecutor(1) as pool:
            try:
                acting = pool.submit(act)
                assert barrier.reached.wait(PATIENCE_SECONDS), f"it never came to its {moment}"
                yield barrier, acting
            finally:
                barrier.opened.set()
    finally:
        event.remove(engine, moment, barrier.stop)
