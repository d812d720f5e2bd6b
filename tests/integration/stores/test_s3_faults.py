"""What an S3 store does when its server refuses, breaks off or is busy; and what it says then."""

import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.stores.opening import open_store
from app.stores.store import Store, StoreAway, Stored, StoreRefused, StoreUnusable, Wanted
from tests.support.faulty_front import BREAK, Front, front_of
from tests.support.s3 import BUCKET, CREDENTIALS, S3Server

KEY = "study-1/trial-1/attempt-1/10"


@pytest.fixture
def front(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    with front_of(s3.endpoint) as front:
        monkeypatch.setenv("AWS_ENDPOINT_URL", front.url)
        yield front


@pytest.fixture
def store(front: Front) -> Store:
    del front  # it must stand first
    return open_store(f"s3://{BUCKET}/{uuid.uuid4().hex}")


def big(tmp_path: Path) -> Path:
    path = tmp_path / "saved.bin"
    path.write_bytes(os.urandom(40 << 20))  # three parts
    return path


def test_an_upload_that_breaks_off_shows_nothing_and_can_be_repeated(
    front: Front, store: Store, tmp_path: Path
) -> None:
    front.fault = lambda _, path, __: BREAK if "partNumber=3" in path else None
    source = big(tmp_path)
    with pytest.raises(StoreAway):
        store.put(source, KEY)
    assert any("partNumber=1" in path for path in front.seen), "some of it had arrived"
    front.fault = lambda *_: None
    assert list(store.walk()) == []
    assert store.fetch(Wanted(KEY), tmp_path / "resume") is None
    stored = store.put(source, KEY)
    assert store.fetch(Wanted(*_registered(stored)), tmp_path / "resume") is not None


def test_the_completing_request_decides(front: Front, store: Store, tmp_path: Path) -> None:
    """All parts have arrived, but nobody said that they are one object."""
    front.fault = lambda method, path, _: BREAK if method == "POST" and "uploadId" in path else None
    with pytest.raises(StoreAway):
        store.put(big(tmp_path), KEY)
    front.fault = lambda *_: None
    assert list(store.walk()) == []


def test_a_busy_server_is_asked_again(
    front: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.stores.s3.RETRIES", 5)
    store = open_store(f"s3://{BUCKET}/{uuid.uuid4().hex}")
    front.fault = lambda _, __, before: 503 if before < 3 else None
    path = tmp_path / "saved.bin"
    path.write_bytes(b"weights")
    stored = store.put(path, KEY)
    assert len(front.seen) == 4
    assert store.fetch(Wanted(*_registered(stored)), tmp_path / "resume") is not None


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_are_said_without_showing_them(
    front: Front, store: Store, tmp_path: Path, status: int
) -> None:
    front.fault = lambda *_: status
    path = tmp_path / "saved.bin"
    path.write_bytes(b"weights")
    with pytest.raises(StoreRefused) as refused:
        store.put(path, KEY)
    with pytest.raises(StoreRefused):
        store.fetch(Wanted(KEY), tmp_path / "resume")
    said = str(refused.value) + repr(refused.value) + repr(store)
    assert "AWS_SECRET_ACCESS_KEY" in said
    assert CREDENTIALS["AWS_SECRET_ACCESS_KEY"] not in said
    assert CREDENTIALS["AWS_ACCESS_KEY_ID"] not in said


def test_a_bucket_that_is_not_there_is_no_missing_checkpoint(s3: S3Server, tmp_path: Path) -> None:
    del s3  # only its address is wanted
    store = open_store("s3://no-such-bucket/x")
    with pytest.raises(StoreAway, match="no-such-bucket"):
        store.fetch(Wanted(KEY), tmp_path / "resume")
    with pytest.raises(StoreAway, match="no such bucket"):
        store.write_nonce("n0nce")


@pytest.mark.parametrize("url", ["gs://b/x", "s3://", "s3:///x", "s3://b/../x", "s3://b/a%2e/x"])
def test_a_url_that_names_no_store_is_refused_with_its_name(url: str) -> None:
    with pytest.raises(StoreUnusable, match="--store"):
        open_store(url)


def test_without_the_extra_the_command_to_type_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "app.stores.s3", raising=False)
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(StoreUnusable, match=r"pip install 'paceline\[s3\]'"):
        open_store("s3://bucket/prefix")


def _registered(stored: Stored) -> tuple[str, int, str]:
    return stored.key, stored.size_bytes, stored.sha256
