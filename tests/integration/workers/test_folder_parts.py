"""Logs and code records: small file work with promises."""

import subprocess
from pathlib import Path

import pytest

from workers import logs
from workers.code_record import CLEAN, record_code
from workers.folder import TrialFolder


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
