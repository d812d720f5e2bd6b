"""What a training prints: its files kept small, and their last part for the service."""

import contextlib
import os
from pathlib import Path

import structlog

from workers.folder import TrialFolder

ROTATE_BYTES = 16 << 20
TAIL_BYTES = 16 << 10

log = structlog.get_logger()


def rotate(folder: TrialFolder) -> None:
    """Keep the last 16 MiB in `<name>.1` and begin anew; the training appends, so it goes on."""
    for path in (folder.stdout, folder.stderr):
        if _size(path) > ROTATE_BYTES:
            with contextlib.suppress(OSError):  # on a full disk the room counts for more
                _previous(path).write_bytes(_end(path, ROTATE_BYTES))
            os.truncate(path, 0)


def add(folder: TrialFolder, message: str) -> None:
    """A word of the worker's own at the end of the training's stderr."""
    try:
        with folder.stderr.open("a") as stderr:
            stderr.write(f"paceline worker: {message}\n")
    except OSError as error:
        log.warning("not added to stderr.log", said=message, why=str(error))


def tails(folder: TrialFolder, word: str = "") -> dict[str, str]:
    """The last 16 KiB of both streams, as text that any database takes; then a word of the
    worker's own, for which a full disk may have no room."""
    said = f"paceline worker: {word}\n" if word else ""
    return {"stdout": _tail(folder.stdout), "stderr": _tail(folder.stderr) + said}


def size(folder: TrialFolder) -> int:
    return _size(folder.stdout) + _size(folder.stderr)


def _tail(path: Path) -> str:
    data = _end(path, TAIL_BYTES)
    if len(data) < TAIL_BYTES:
        data = _end(_previous(path), TAIL_BYTES - len(data)) + data
    return data.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _previous(path: Path) -> Path:
    return path.with_name(f"{path.name}.1")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _end(path: Path, most_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - most_bytes))
            return file.read(most_bytes)
    except FileNotFoundError:
        return b""
