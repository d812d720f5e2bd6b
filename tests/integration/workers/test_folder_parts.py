"""Checkpoint store, logs and code records: small file work with promises."""

import subprocess
from pathlib import Path

import pytest

from workers import logs
from workers.checkpoints import NONCE_FILE, open_store
from workers.claim import Claim, Resume, Timing
from workers.code_record import CLEAN, record_code
from workers.folder import TrialFolder

CLAIM = Claim(
    attempt_id="a1",
    token="t",
    timing=Timing(60, 15, 20, 1800),
    trial={"id": "trial-1", "study_id": "study-1"},
    job={},
    max_train_steps=100,
    schedule={},
    evaluate_every_steps=1,
    checkpoint_steps=(),
    resume=None,
)


def weights(tmp_path: Path, text: str = "weights") -> Path:
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "model.bin").write_text(text)
    (folder / "optimiser.bin").write_text("state")
    return folder


def test_folder_is_moved_in_whole_and_fetched_as_a_copy(tmp_path: Path) -> None:
    store = open_store("", tmp_path / "state")
    source = weights(tmp_path)
    stored = store.put(source, CLAIM, 10)
    assert not source.exists()
    resume = Resume(10, store.url, stored.key, stored.size_bytes)
    copy = store.fetch(resume, tmp_path / "resume")
    assert copy is not None
    (copy / "model.bin").write_text("spoilt by the training")
    again = store.fetch(resume, tmp_path / "resume again")
    assert again is not None
    assert (again / "model.bin").read_text() == "weights"


def test_digest_tells_contents_apart(tmp_path: Path) -> None:
    store = open_store("", tmp_path / "state")
    digests = [store.put(weights(tmp_path, text), CLAIM, n).sha256 for n, text in enumerate("aab")]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize("key", ["../../etc/passwd", "/etc/passwd"])
def test_key_that_leads_out_of_the_store_is_refused(tmp_path: Path, key: str) -> None:
    store = open_store("", tmp_path / "state")
    with pytest.raises(ValueError, match="leads out"):
        store.fetch(Resume(1, store.url, key, None), tmp_path)


def test_checkpoint_of_another_store_or_size_counts_as_missing(tmp_path: Path) -> None:
    store = open_store((tmp_path / "store").as_uri(), tmp_path)
    key = store.put(weights(tmp_path), CLAIM, 10).key
    assert store.fetch(Resume(10, "file:///elsewhere", key, None), tmp_path / "r") is None
    assert store.fetch(Resume(10, store.url, key, 3), tmp_path / "r") is None


def test_dropped_checkpoint_leaves_no_empty_folder(tmp_path: Path) -> None:
    store = open_store("", tmp_path / "state")
    stored = store.put(weights(tmp_path), CLAIM, 10)
    store.drop(stored.key)
    assert not (store.root / stored.key).parent.exists()


def test_nonce_is_read_where_the_store_is_shared(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "store"), tmp_path)
    assert store.nonce() is None
    (tmp_path / "store" / NONCE_FILE).write_text("n0nce\n")
    assert store.nonce() == "n0nce"


def test_other_store_than_a_folder_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="s3://bucket"):
        open_store("s3://bucket/x", tmp_path)


def test_long_output_is_rotated_and_its_end_stays_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "ROTATE_BYTES", 1000)
    folder = TrialFolder(tmp_path)
    folder.stdout.write_text("x" * 2000 + "\nlast line\n")
    logs.rotate(folder)
    assert folder.stdout.stat().st_size == 0
    folder.stdout.write_text("next\n")
    assert logs.tails(folder)["stdout"].endswith("last line\nnext\n")


def test_output_of_any_bytes_is_text_without_nul(tmp_path: Path) -> None:
    folder = TrialFolder(tmp_path)
    folder.stderr.write_bytes(b"\xff\x00ok")
    said = logs.tails(folder)["stderr"]
    assert said.endswith("ok")
    assert "\0" not in said


def test_code_outside_a_repository_is_known_by_its_sources(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("one")
    first = record_code(tmp_path)
    (tmp_path / "data.bin").write_bytes(b"not a source")
    assert record_code(tmp_path) == first
    (tmp_path / "train.py").write_text("two")
    assert first.commit is None
    assert record_code(tmp_path).digest != first.digest


def test_code_in_a_repository_is_known_by_commit_and_by_what_differs(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *who, *words], check=True, capture_output=True)

    git("init")
    (tmp_path / "train.py").write_text("one")
    git("add", ".")
    git("commit", "-m", "one")
    clean = record_code(tmp_path)
    assert clean.commit is not None
    assert clean.digest == CLEAN
    (tmp_path / "train.py").write_text("two")
    changed = record_code(tmp_path)
    (tmp_path / "new.py").write_text("three")
    assert changed.commit == clean.commit
    assert len({clean.digest, changed.digest, record_code(tmp_path).digest}) == 3
