"""What a checkpoint store promises, whatever it is made of, and the words for what may go wrong.

A checkpoint is there whole or not at all; a store that does not answer is *away*, which says
nothing about the checkpoint.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

NONCE_FILE = ".paceline-store"
KEY_DEPTH = 4  # study, trial, attempt, name
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+=@,-]{0,199}")


class StoreAway(OSError):
    """The store does not answer or is not mounted: ask again, and conclude nothing."""


class StoreRefused(StoreAway):
    """The store answers, but not to these credentials: a person has to look."""


class StoreUnusable(ValueError):
    """No store can be opened at this URL by this installation; the message says what to do."""


class BadKey(ValueError):
    """A key that might lead out of the store."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What arrived in the store; the key is relative to it."""

    key: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Found:
    """A checkpoint that lies in the store, named by a row or not; epoch seconds, UTC."""

    key: str
    size_bytes: int
    changed_at: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """A checkpoint as it was registered; None: the size or the digest was not said."""

    key: str
    size_bytes: int | None = None
    sha256: str | None = None


class Store(Protocol):
    """`url` is how the service and other workers name it. Every method may raise StoreAway."""

    @property
    def url(self) -> str: ...

    def put(self, source: Path, key: str) -> Stored:
        """Move a file or folder in; on any error the source can be put again."""

    def fetch(self, wanted: Wanted, folder: Path) -> Path | None:
        """A copy for the training to open; None: the checkpoint is not, or not whole, here."""

    def drop(self, key: str) -> None:
        """Delete one checkpoint; nothing happens if it is not there."""

    def read_nonce(self) -> str | None:
        """What the API wrote here, which shows that a worker shares the store."""

    def write_nonce(self, nonce: str) -> None:
        """Mark the store as the API's own."""

    def walk(self) -> Iterator[Found]:
        """Every checkpoint, half-written ones included; what else lies there is left out."""


def checked_key(key: str) -> str:
    """The key itself. Raises BadKey for all that is not plain names between single slashes."""
    if not all(_SEGMENT.fullmatch(segment) for segment in key.split("/")):
        raise BadKey(
            f"checkpoint key {key[:200]!r} is not of plain names between slashes; it may lead out "
            "of the store and is not followed"
        )
    return key
