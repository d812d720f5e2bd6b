"""One store of each kind, empty, with what tests do behind its back."""

import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.stores.folder import FolderStore
from app.stores.opening import open_store
from app.stores.s3 import S3Store
from app.stores.store import Store
from tests.support.s3 import BUCKET, S3Server


@dataclass
class Yard:
    """A store under test, the raw bytes beneath it, and the ways to take it away."""

    store: Store
    tmp_path: Path
    server: S3Server | None = None
    prefix: str = ""

    def read(self, key: str) -> bytes:
        if self.server:
            return self.server.ask("GET", f"/{BUCKET}/{self.prefix}/{key}")
        return (self._root / key).read_bytes()

    def write(self, key: str, content: bytes) -> None:
        if self.server:
            self.server.ask("PUT", f"/{BUCKET}/{self.prefix}/{key}", content)
            return
        (self._root / key).parent.mkdir(parents=True, exist_ok=True)
        (self._root / key).write_bytes(content)

    def take_away(self) -> None:
        """The mount is away, its empty mount point left behind; or nobody answers."""
        if self.server:
            self.server.kill()
            return
        self._root.rename(self.tmp_path / "unmounted")
        self._root.mkdir()

    @property
    def _root(self) -> Path:
        assert isinstance(self.store, FolderStore)
        return self.store.root


@pytest.fixture(params=["file", "s3"])
def yard(request: pytest.FixtureRequest, tmp_path: Path) -> Yard:
    if request.param == "file":
        return Yard(open_store((tmp_path / "store").as_uri()), tmp_path)
    server = request.getfixturevalue("s3")
    prefix = f"team/{uuid.uuid4().hex}"
    store = open_store(f"s3://{BUCKET}/{prefix}")
    assert isinstance(store, S3Store)
    return Yard(store, tmp_path, server, prefix)
