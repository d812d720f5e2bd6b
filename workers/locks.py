"""Locks of slots and GPUs, held by the worker and by the keepers of its trainings.
A worker that was killed thus frees a slot only when the slot's training has really ended.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
from filelock import FileLock, Timeout

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a place, and whether it is over before: the worker is told to end."""

    seconds: float = 60.0  # a former worker's keeper needs up to its grace
    is_over: Callable[[], bool] = lambda: False


PATIENCE = Patience()


class PlaceTaken(Exception):
    """A slot or GPU belongs to another worker that lives."""


class PlaceLock:
    """One locked place; `descriptor` is what a keeper inherits."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._descriptors: list[int] = []
        self._lock = FileLock(
            path, thread_local=False, preserve_lock_file=True, on_acquired=self._descriptors.append
        )

    @property
    def descriptor(self) -> int:
        return self._descriptors[-1]

    def release(self) -> None:
        self._lock.release()

    def take(self, what: str, patience: Patience = PATIENCE) -> None:
        """Hold the lock, waiting for a former training to end. Raises PlaceTaken."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            log.info(
                "waiting until another worker, or the training of one that is gone, lets go",
                place=what,
                lock=str(self.path),
                seconds=patience.seconds,
            )
            self._take_within(what, patience)

    def _take_within(self, what: str, patience: Patience) -> None:
        try:
            self._lock.acquire(timeout=patience.seconds, cancel_check=patience.is_over)
        except Timeout as error:
            raise PlaceTaken(
                f"{what} is in use by another worker or its training ({self.path} stayed locked "
                f"for {patience.seconds:g} s): stop that one, or choose another --state-dir or GPU"
            ) from error


def take_all(places: dict[str, Path], patience: Patience = PATIENCE) -> list[PlaceLock]:
    """All of the named places or none. Raises PlaceTaken."""
    taken: list[PlaceLock] = []
    for what, path in places.items():
        lock = PlaceLock(path)
        try:
            lock.take(what, patience)
        except PlaceTaken:
            _release(taken)
            raise
        taken.append(lock)
    return taken


def _release(locks: list[PlaceLock]) -> None:
    for lock in locks:
        lock.release()
