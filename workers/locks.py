"""Locks of slots and GPUs, held by the worker and by the keepers of its trainings.
A worker that was killed thus frees a slot only when the slot's training has really ended.
"""

from pathlib import Path

import structlog
from filelock import FileLock, Timeout

PATIENCE_SECONDS = 60.0  # a former worker's keeper needs up to its grace

log = structlog.get_logger()


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

    def take(self, what: str, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Hold the lock, waiting for a former training to end. Raises PlaceTaken."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            log.info("waiting", place=what, lock=str(self.path), seconds=patience_seconds)
            self._take_within(what, patience_seconds)

    def _take_within(self, what: str, patience_seconds: float) -> None:
        try:
            self._lock.acquire(timeout=patience_seconds)
        except Timeout as error:
            raise PlaceTaken(
                f"{what} is in use by another worker or its training ({self.path} stayed locked "
                f"for {patience_seconds:g} s): stop that one, or choose another --state-dir or GPU"
            ) from error


def take_all(
    places: dict[str, Path], patience_seconds: float = PATIENCE_SECONDS
) -> list[PlaceLock]:
    """All of the named places or none. Raises PlaceTaken."""
    taken: list[PlaceLock] = []
    for what, path in places.items():
        lock = PlaceLock(path)
        try:
            lock.take(what, patience_seconds)
        except PlaceTaken:
            _release(taken)
            raise
        taken.append(lock)
    return taken


def _release(locks: list[PlaceLock]) -> None:
    for lock in locks:
        lock.release()
