"""Size and digest of a checkpoint; a folder's digest covers the names and contents in it."""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import structlog

from app.stores.store import Wanted

CHUNK_BYTES = 1 << 20
DAMAGED = (
    "checkpoint damaged: what lies in the store is not what was registered; it is treated as "
    "missing, and the trial goes on from the one before"
)

log = structlog.get_logger()


def seal(path: Path) -> tuple[int, str]:
    """Size and digest; every file is on disk for good afterwards."""
    if not path.is_dir():
        return path.stat().st_size, _digest(path)
    whole, size_bytes = hashlib.sha256(), 0
    for file in _files(path):
        whole.update(f"{file.relative_to(path)}\0{_digest(file)}\n".encode())
        size_bytes += file.stat().st_size
    return size_bytes, whole.hexdigest()


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    return path.stat().st_size if path.is_file() else sum(f.stat().st_size for f in _files(path))


def if_whole(copy: Path, wanted: Wanted) -> Path | None:
    """The copy if size and digest are those registered; else it is removed, and logged."""
    size_bytes, sha256 = seal(copy)
    if has_size(size_bytes, wanted):
        if wanted.sha256 in (None, sha256):
            return copy
        log.error(DAMAGED, key=wanted.key, sha256=sha256, registered_sha256=wanted.sha256)
    remove(copy)
    return None


def has_size(size_bytes: int, wanted: Wanted) -> bool:
    """Whether that many bytes can be the checkpoint that was registered; if not, it is logged."""
    if wanted.size_bytes in (None, size_bytes):
        return True
    log.error(DAMAGED, key=wanted.key, bytes=size_bytes, registered_bytes=wanted.size_bytes)
    return False


def remove(path: Path) -> None:
    """A file or a folder with all that is in it; nothing happens if it is not there."""
    if path.is_dir() and not path.is_symlink():
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
        os.fsync(file.fileno())
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
