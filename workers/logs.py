"""What a training prints: the disk it takes kept small, and its last part for the service."""

import ctypes
import errno
import os
from pathlib import Path

import structlog

from workers.folder import TrialFolder

KEPT_BYTES = 16 << 20  # cut to this once a file takes twice as much
TAIL_BYTES = 16 << 10
BLOCK_BYTES = 512  # of st_blocks, whatever the file system's own blocks are
KEEP_SIZE_PUNCH_HOLE = 0x01 | 0x02  # linux/falloc.h

log = structlog.get_logger()


def keep_short(folder: TrialFolder) -> None:
    """Give the beginning of long output back to the disk. The training writes on meanwhile, so
    nothing is copied and truncated: what it printed in between would be lost, maybe its last words.
    """
    for path in (folder.stdout, folder.stderr):
        try:
            if path.stat().st_blocks * BLOCK_BYTES > 2 * KEPT_BYTES:
                _forget_beginning(path)
        except OSError:  # its training took it away: looking after it is not worth an attempt
            continue


def _forget_beginning(path: Path) -> None:
    with path.open("r+b") as file:
        why = punch(file.fileno(), os.fstat(file.fileno()).st_size - KEPT_BYTES)
    if why is not None:
        log.warning("the beginning cannot be cut: all is, but the end", path=str(path), why=why)
        end = _end(path, TAIL_BYTES)
        os.truncate(path, 0)
        with path.open("ab") as file:
            file.write(end)


def punch(descriptor: int, until: int) -> str | None:
    """Make a hole of a file's beginning; why not, where the system (other than Linux) or the file
    system (NFS before 4.2) knows no holes."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "fallocate"):
        return "no fallocate"
    start, length = ctypes.c_int64(0), ctypes.c_int64(until)
    if libc.fallocate(descriptor, KEEP_SIZE_PUNCH_HOLE, start, length) == 0:
        return None
    return errno.errorcode.get(ctypes.get_errno(), "?")


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
    text = _end(path, TAIL_BYTES).decode(errors="replace")
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


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
