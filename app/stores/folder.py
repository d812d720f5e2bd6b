"""A store in a folder, local or mounted: moved in as a draft, made durable, then renamed."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from app.stores.contents import has_size, if_whole, remove, seal, size_of
from app.stores.store import (
    KEY_DEPTH,
    NONCE_FILE,
    BadKey,
    Found,
    StoreAway,
    Stored,
    Wanted,
    checked_key,
)


@dataclass(slots=True)
class FolderStore:
    """`nonce`: what was read here once. Where it has gone, the folder is another one: a mount that
    is away leaves its empty mount point behind."""

    url: str
    root: Path
    nonce: str | None = field(default=None, init=False)

    def put(self, source: Path, key: str) -> Stored:
        self._require_here()
        target = self._beneath(key)
        draft = target.with_name(f".{target.name}.draft")
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.exists() or not draft.exists():  # else an earlier try failed after the move
            remove(draft)
            shutil.move(source, draft)
        size_bytes, sha256 = seal(draft)
        remove(target)  # the same step saved twice: the later one stands
        draft.rename(target)
        _sync(target.parent)
        return Stored(key, size_bytes, sha256)

    def fetch(self, wanted: Wanted, folder: Path) -> Path | None:
        source = self._beneath(wanted.key)
        if not source.exists():
            self._require_here()
            return None
        if not has_size(size_of(source), wanted):
            return None
        folder.mkdir(parents=True, exist_ok=True)
        copy = folder / source.name
        if source.is_dir():
            shutil.copytree(source, copy, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, copy)
        return if_whole(copy, wanted)

    def drop(self, key: str) -> None:
        """Delete it, and the folders that it leaves empty."""
        self._require_here()
        target = self._beneath(key)
        remove(target)
        remove(target.with_name(f".{target.name}.draft"))
        with contextlib.suppress(OSError):  # not empty: others lie there
            target.parent.rmdir()
            target.parent.parent.rmdir()

    def read_nonce(self) -> str | None:
        try:
            self.nonce = (self.root / NONCE_FILE).read_text().strip()
        except OSError:
            return None
        return self.nonce

    def write_nonce(self, nonce: str) -> None:
        (self.root / NONCE_FILE).write_text(nonce + "\n")
        self.nonce = nonce

    def walk(self) -> Iterator[Found]:
        self._require_here()
        for path in self.root.glob("/".join("*" * KEY_DEPTH)):
            name = path.name.removeprefix(".").removesuffix(".draft")
            key = path.with_name(name).relative_to(self.root).as_posix()
            with contextlib.suppress(FileNotFoundError, BadKey):  # gone meanwhile, or not ours
                yield Found(checked_key(key), size_of(path), path.stat().st_mtime)

    def _require_here(self) -> None:
        """Raises StoreAway unless the folder is there and is the one that was opened."""
        before = self.nonce
        if not self.root.is_dir() or (before is not None and self.read_nonce() != before):
            self.nonce = before
            raise StoreAway(
                f"the checkpoint store {self.root} is not there (its {NONCE_FILE} has gone): is "
                "its disk mounted on this node?"
            )

    def _beneath(self, key: str) -> Path:
        path = (self.root / checked_key(key)).resolve()
        if not path.is_relative_to(self.root.resolve()):
            raise BadKey(f"checkpoint key {key!r} leads out of the store {self.root}")
        return path


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
