"""A store in an S3 bucket: each checkpoint is one object, because S3 shows an object whole or not
at all; a folder goes in as one tar, so that no half of a folder can ever be seen.
"""

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store as Bucket

from app.stores.contents import has_size, if_whole, remove, seal
from app.stores.store import (
    KEY_DEPTH,
    NONCE_FILE,
    BadKey,
    Found,
    StoreAway,
    Stored,
    StoreRefused,
    Wanted,
    checked_key,
)

TAR = ".folder.tar"  # no file's key ends so: a step and one suffix
PIECE_BYTES = 16 << 20  # what is asked for at a time: within the timeout on slow lines, too
MOST_PARTS = 9_000  # S3 allows 10,000 in an upload
REQUEST_TIMEOUT = timedelta(seconds=60)
RETRIES, RETRY_TIMEOUT = 5, timedelta(seconds=30)


@dataclass(slots=True)
class S3Store:
    """`nonce`: what was read here once; see FolderStore."""

    url: str
    bucket: Bucket = field(repr=False)  # it knows the credentials
    nonce: str | None = field(default=None, init=False)

    def put(self, source: Path, key: str) -> Stored:
        size_bytes, sha256 = seal(source)
        if source.is_dir():
            tar = source.with_name(f".{source.name}{TAR}")
            try:
                _pack(source, tar)
                self._upload(tar, checked_key(key + TAR))
            finally:
                remove(tar)
            stored = Stored(key + TAR, size_bytes, sha256)
        else:
            self._upload(source, checked_key(key))
            stored = Stored(key, size_bytes, sha256)
        remove(source)
        return stored

    def fetch(self, wanted: Wanted, folder: Path) -> Path | None:
        is_folder = wanted.key.endswith(TAR)
        size_bytes = self._size(checked_key(wanted.key))
        if size_bytes is None or not (is_folder or has_size(size_bytes, wanted)):
            return None
        folder.mkdir(parents=True, exist_ok=True)
        copy = folder / wanted.key.rpartition("/")[2]
        self._download(wanted.key, size_bytes, copy)
        return if_whole(_unpack(copy) if is_folder else copy, wanted)

    def drop(self, key: str) -> None:
        with _speaking(self.url):
            self._delete(checked_key(key))

    def read_nonce(self) -> str | None:
        try:
            with _speaking(self.url):
                found = bytes(obstore.get(self.bucket, NONCE_FILE).bytes())
        except (FileNotFoundError, StoreAway):
            return None
        self.nonce = found.decode().strip()
        return self.nonce

    def write_nonce(self, nonce: str) -> None:
        try:
            with _speaking(self.url):
                obstore.put(self.bucket, NONCE_FILE, nonce.encode() + b"\n")
        except FileNotFoundError as error:
            raise StoreAway(self._no_bucket()) from error
        self.nonce = nonce

    def walk(self) -> Iterator[Found]:
        self._require_here()
        with _speaking(self.url):
            for batch in obstore.list(self.bucket):
                for one in batch:
                    if one["path"].count("/") + 1 == KEY_DEPTH and _is_key(one["path"]):
                        changed_at = one["last_modified"].timestamp()
                        yield Found(one["path"], one["size"], changed_at)

    def _upload(self, file: Path, key: str) -> None:
        part_bytes = max(PIECE_BYTES, -(-file.stat().st_size // MOST_PARTS))
        try:
            with _speaking(self.url):
                obstore.put(self.bucket, key, file, chunk_size=part_bytes, max_concurrency=4)
        except FileNotFoundError as error:  # S3 knows no missing folders: it is the bucket
            raise StoreAway(self._no_bucket()) from error

    def _download(self, key: str, size_bytes: int, copy: Path) -> None:
        with copy.open("wb") as file, _speaking(self.url):
            for start in range(0, size_bytes, PIECE_BYTES):
                length = min(PIECE_BYTES, size_bytes - start)
                piece = obstore.get_range(self.bucket, key, start=start, length=length)
                file.write(memoryview(piece))

    def _size(self, key: str) -> int | None:
        """None: it is known not to be there."""
        try:
            with _speaking(self.url):
                return obstore.head(self.bucket, key)["size"]
        except FileNotFoundError:
            self._require_here()
            return None

    def _delete(self, key: str) -> None:
        try:
            obstore.delete(self.bucket, key)
        except FileNotFoundError:
            self._require_here()

    def _require_here(self) -> None:
        """Raises StoreAway unless the bucket is there and is the one that was opened."""
        try:
            with _speaking(self.url):
                if self.nonce is not None:
                    obstore.head(self.bucket, NONCE_FILE)
                next(iter(obstore.list(self.bucket, chunk_size=1)), None)
        except FileNotFoundError as error:
            raise StoreAway(self._no_bucket()) from error

    def _no_bucket(self) -> str:
        return (
            f"the checkpoint store {self.url} is not there (no such bucket, or its {NONCE_FILE} has"
            " gone): look at --store, AWS_ENDPOINT_URL and AWS_REGION"
        )


def open_bucket(url: str, name: str, prefix: str, *, is_plain_http: bool) -> S3Store:
    """Region, endpoint and credentials come from the usual AWS_* variables, or from the node's own
    role; nothing is asked yet."""
    bucket = Bucket(
        name,
        prefix=prefix or None,
        client_options={"allow_http": is_plain_http, "timeout": REQUEST_TIMEOUT},
        retry_config={"max_retries": RETRIES, "retry_timeout": RETRY_TIMEOUT},
    )
    return S3Store(url, bucket)


@contextmanager
def _speaking(url: str) -> Iterator[None]:
    """What the library raises, in our words; a missing object stays FileNotFoundError."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (PermissionDeniedError, UnauthenticatedError) as error:
        raise StoreRefused(
            f"the checkpoint store {url} refuses this process's credentials ({_first_line(error)}):"
            " look at AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or at the node's role"
        ) from None
    except (BaseError, OSError) as error:
        raise StoreAway(f"the checkpoint store {url} is away: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    """Without the library's dump of its own state."""
    return str(error).split("\n", 1)[0][:300]


def _is_key(path: str) -> bool:
    try:
        checked_key(path)
    except BadKey:
        return False
    return True


def _pack(folder: Path, tar: Path) -> None:
    with tarfile.open(tar, "w", dereference=True) as packed:
        packed.add(folder, arcname=".")


def _unpack(tar: Path) -> Path:
    """The folder that was packed; the tar is gone afterwards."""
    folder = tar.with_name(tar.name.removesuffix(TAR))
    remove(folder)
    try:
        with tarfile.open(tar) as packed:
            packed.extractall(folder, filter="data")
    except tarfile.TarError:
        folder.mkdir(exist_ok=True)  # what is missing in it shows in its digest
    tar.unlink()
    return folder
