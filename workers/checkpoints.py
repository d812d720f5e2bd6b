"""The checkpoint store of a worker: a `file://` folder where weights arrive whole or not at all."""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from workers.claim import Claim, Resume

NONCE_FILE = ".paceline-store"
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Stored:
    """What arrived in the store; the key is relative to it."""

    key: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Store:
    """A folder of checkpoints; `url` is how the service and other workers name it."""

    url: str
    root: Path

    def put(self, source: Path, claim: Claim, step: int) -> Stored:
        """Move a file or folder in, under a key that contains the attempt's id."""
        trial = claim.trial
        key = f"{trial['study_id']}/{trial['id']}/{claim.attempt_id}/{step}{source.suffix}"
        target = self._beneath(key)
        draft = target.with_name(f".{target.name}.draft")
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove(draft)
        shutil.move(source, draft)
        size_bytes, sha256 = _seal(draft)
        _remove(target)  # the same step saved twice: the later one stands
        draft.rename(target)
        _sync(target.parent)
        return Stored(key, size_bytes, sha256)

    def fetch(self, resume: Resume, folder: Path) -> Path | None:
        """A copy for the training to open, or None if the checkpoint is not (whole) here."""
        if resume.store.rstrip("/") != self.url.rstrip("/"):
            return None
        source = self._beneath(resume.key)
        if not source.exists() or resume.size_bytes not in (None, _size(source)):
            return None
        folder.mkdir(parents=True, exist_ok=True)
        copy = folder / source.name
        if source.is_dir():
            shutil.copytree(source, copy, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, copy)
        return copy

    def drop(self, key: str) -> None:
        """Delete one checkpoint, and the folders that it leaves empty."""
        target = self._beneath(key)
        _remove(target)
        with contextlib.suppress(OSError):  # not empty: others lie there
            target.parent.rmdir()

    def nonce(self) -> str | None:
        """What the API wrote here, which shows that this worker shares its store."""
        try:
            return (self.root / NONCE_FILE).read_text().strip()
        except OSError:
            return None

    def _beneath(self, key: str) -> Path:
        path = (self.root / key).resolve()
        if not path.is_relative_to(self.root):
            raise ValueError(f"checkpoint key {key!r} leads out of the store {self.root}")
        return path


def open_store(url: str, state_dir: Path) -> Store:
    """The store at a `file://` URL or a path; unsaid: a folder beside the worker's state."""
    place = url or str(state_dir.resolve() / "checkpoints")
    parts = urlsplit(place)
    if parts.scheme not in ("", "file") or parts.netloc not in ("", "localhost"):
        raise ValueError(f"--store {url}: this worker keeps checkpoints in file:// folders only")
    root = Path(unquote(parts.path) if parts.scheme else place).resolve()
    root.mkdir(parents=True, exist_ok=True)
    return Store(url if parts.scheme and url else root.as_uri(), root)


def _seal(path: Path) -> tuple[int, str]:
    """Size and digest; every file on disk for good. A folder's digest covers names and contents."""
    if path.is_file():
        return path.stat().st_size, _digest(path)
    whole, size_bytes = hashlib.sha256(), 0
    for file in _files(path):
        whole.update(f"{file.relative_to(path)}\0{_digest(file)}\n".encode())
        size_bytes += file.stat().st_size
    return size_bytes, whole.hexdigest()


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
        os.fsync(file.fileno())
    return digest.hexdigest()


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else sum(f.stat().st_size for f in _files(path))


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
