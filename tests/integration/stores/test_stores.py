"""What every checkpoint store promises, whatever it is made of."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.stores.store import BadKey, StoreAway, Stored, Wanted
from tests.integration.stores.conftest import Yard

KEY = "study-1/trial-1/attempt-1/10"
BAD_KEYS = [
    "../../etc/passwd",
    "/etc/passwd",
    "study/../../x",
    "study/./x",
    "study//x",
    "%2e%2e/%2e%2e/x",
    "..\\x",
    "study/x\0y",
    "study/.paceline-store",
    ".paceline-store",
    "",
    "study/",
    "~root/x/y/z",
    "s\u202e/x",
]


def file(tmp_path: Path, content: bytes = b"weights") -> Path:
    path = tmp_path / "saved.bin"
    path.write_bytes(content)
    return path


def folder(tmp_path: Path, text: str = "weights") -> Path:
    path = tmp_path / "saved"
    (path / "deep").mkdir(parents=True)
    (path / "model.bin").write_text(text)
    (path / "deep" / "optimiser.bin").write_text("state")
    return path


def wanted(stored: Stored) -> Wanted:
    return Wanted(stored.key, stored.size_bytes, stored.sha256)


def test_a_file_is_moved_in_whole_and_fetched_as_a_copy(yard: Yard, tmp_path: Path) -> None:
    content = os.urandom(40 << 20)  # several pieces either way
    source = file(tmp_path, content)
    stored = yard.store.put(source, KEY + ".bin")
    assert (stored.size_bytes, source.exists()) == (len(content), False)
    copy = yard.store.fetch(wanted(stored), tmp_path / "resume")
    assert copy is not None
    assert copy.read_bytes() == content
    copy.write_bytes(b"spoilt by the training")
    again = yard.store.fetch(wanted(stored), tmp_path / "resume again")
    assert again is not None
    assert again.read_bytes() == content


def test_a_folder_comes_back_with_all_that_is_in_it(yard: Yard, tmp_path: Path) -> None:
    source = folder(tmp_path)
    stored = yard.store.put(source, KEY)
    assert (stored.size_bytes, source.exists()) == (len("weights" + "state"), False)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    copy = yard.store.fetch(wanted(stored), tmp_path / "resume")
    assert copy is not None
    assert copy.name == "10"
    assert (copy / "model.bin").read_text() == "weights"
    assert (copy / "deep" / "optimiser.bin").read_text() == "state"


def test_the_digest_tells_contents_apart(yard: Yard, tmp_path: Path) -> None:
    digests = [yard.store.put(folder(tmp_path, text), f"{KEY}{n}") for n, text in enumerate("aab")]
    assert digests[0].sha256 == digests[1].sha256 != digests[2].sha256


def test_a_step_saved_twice_is_the_later_one(yard: Yard, tmp_path: Path) -> None:
    yard.store.put(file(tmp_path, b"first"), KEY)
    stored = yard.store.put(file(tmp_path, b"second"), KEY)
    assert yard.read(stored.key) == b"second"


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_key_that_may_lead_out_is_followed_nowhere(yard: Yard, tmp_path: Path, key: str) -> None:
    with pytest.raises(BadKey):
        yard.store.fetch(Wanted(key), tmp_path / "resume")
    with pytest.raises(BadKey):
        yard.store.drop(key)
    with pytest.raises(BadKey):
        yard.store.put(file(tmp_path), key)


def test_what_is_not_there_or_of_another_size_is_missing(yard: Yard, tmp_path: Path) -> None:
    stored = yard.store.put(file(tmp_path), KEY)
    assert yard.store.fetch(Wanted("s/t/a/1"), tmp_path / "r") is None
    assert yard.store.fetch(replace(wanted(stored), size_bytes=3), tmp_path / "r") is None
    assert yard.store.fetch(wanted(stored), tmp_path / "r") is not None


def test_damage_of_the_same_size_is_missing_and_logged(yard: Yard, tmp_path: Path) -> None:
    stored = yard.store.put(file(tmp_path, b"weights"), KEY)
    yard.write(stored.key, b"weighty")
    with capture_logs() as logs:
        assert yard.store.fetch(wanted(stored), tmp_path / "resume") is None
    assert [(line["log_level"], line["key"]) for line in logs] == [("error", stored.key)]
    assert logs[0]["registered_sha256"] == stored.sha256 != logs[0]["sha256"]
    assert list((tmp_path / "resume").iterdir()) == []


def test_a_damaged_folder_is_missing(yard: Yard, tmp_path: Path) -> None:
    stored = yard.store.put(folder(tmp_path), KEY)
    if yard.server:
        yard.write(stored.key, yard.read(stored.key)[:1000])
    else:
        yard.write(f"{stored.key}/model.bin", b"weighty")
    assert yard.store.fetch(wanted(stored), tmp_path / "resume") is None


def test_a_dropped_checkpoint_is_gone_and_dropping_again_is_no_error(
    yard: Yard, tmp_path: Path
) -> None:
    stored = yard.store.put(folder(tmp_path), KEY)
    kept = yard.store.put(file(tmp_path), "study-1/trial-1/attempt-2/10")
    yard.store.drop(stored.key)
    yard.store.drop(stored.key)
    assert [found.key for found in yard.store.walk()] == [kept.key]


def test_the_nonce_is_read_where_the_api_wrote_it(yard: Yard) -> None:
    assert yard.store.read_nonce() is None
    yard.store.write_nonce("n0nce")
    assert yard.store.read_nonce() == "n0nce"
    assert list(yard.store.walk()) == []


def test_walking_names_checkpoints_and_nothing_else(yard: Yard, tmp_path: Path) -> None:
    yard.write("notes.txt", b"a person's own")
    yard.write("models/v1/final.bin", b"somebody else's")
    stored = yard.store.put(file(tmp_path, b"12345"), KEY)
    (found,) = yard.store.walk()
    assert (found.key, found.size_bytes) == (stored.key, 5)
    assert found.changed_at > 1.7e9


def test_a_store_that_is_away_is_not_a_missing_checkpoint(yard: Yard, tmp_path: Path) -> None:
    yard.store.write_nonce("n0nce")
    stored = yard.store.put(file(tmp_path), KEY)
    yard.take_away()
    with pytest.raises(StoreAway):
        yard.store.fetch(wanted(stored), tmp_path / "resume")
    source = file(tmp_path)
    with pytest.raises(StoreAway):
        yard.store.put(source, "study-1/trial-1/attempt-1/20")
    assert source.exists(), "what could not be stored can be stored later"
    with pytest.raises(StoreAway):
        list(yard.store.walk())
