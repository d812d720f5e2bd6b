"""Trial folders, logs and code records: small file work with promises."""

import errno
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tests.integration.workers.programs import IGNORES_TERM, are_gone, python
from tests.support.waiting import wait_until
from workers import folder as folders
from workers import logs
from workers.code_record import CLEAN, record_code
from workers.folder import TrialFolder, tidy, tidy_leftovers
from workers.orphans import at_work_for

COUNTED = 300_000
COUNTS = f"for number in range({COUNTED}): print(str(number).zfill(100))"


def made(trials: Path, name: str) -> TrialFolder:
    folder = TrialFolder(trials / name)
    folder.checkpoints.mkdir(parents=True)
    return folder


def test_the_oldest_ended_folders_go_and_none_whose_training_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "KEPT_FOLDERS", 2)
    running = made(tmp_path, "running")
    running.checkpoints.rename(tmp_path / "elsewhere")
    for number in range(4):
        ended = made(tmp_path, f"a{number}")
        tidy(ended)
        os.utime(ended.path, (number, number))
    tidy(TrialFolder(tmp_path / "a3"))
    assert {path.name for path in tmp_path.glob("[ar]*")} == {"running", "a2", "a3"}
    assert not list(tmp_path.glob("a*/checkpoints"))


def test_what_a_killed_worker_left_is_ended_also_where_its_checkpoints_were_moved(
    tmp_path: Path,
) -> None:
    folder = made(tmp_path / "trials", "a1")
    folder.checkpoints.rmdir()
    variables = {**os.environ, "PACELINE_TRIAL_DIR": str(folder.path)}
    training = subprocess.Popen(python(IGNORES_TERM), env=variables)
    wait_until(lambda: at_work_for(folder.path), what="the training")
    tidy_leftovers(tmp_path)
    is_gone = are_gone([training.pid])
    training.kill()
    training.wait()
    assert is_gone
    assert folder.path.exists()


def test_a_disk_that_refuses_the_mark_of_the_end_is_survived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    folder = made(tmp_path, "a1")
    monkeypatch.setattr(Path, "touch", refuse)
    tidy(folder)
    assert folder.path.exists()


def test_long_output_is_cut_while_its_training_prints_and_no_line_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "KEPT_BYTES", 64 << 10)
    folder = TrialFolder(tmp_path)
    with folder.stdout.open("ab") as stdout:
        printing = subprocess.Popen([sys.executable, "-c", COUNTS], stdout=stdout)
    while printing.poll() is None:
        logs.keep_short(folder)
        numbers = [int(line) for line in logs.tails(folder)["stdout"].split("\n")[1:-1]]
        assert all(after == before + 1 for before, after in pairwise(numbers))
    assert logs.tails(folder)["stdout"].endswith(f"{COUNTED - 1}\n")
    logs.keep_short(folder)
    assert folder.stdout.stat().st_blocks * 512 <= 2 * (64 << 10) + 8192


def test_output_is_cut_also_where_holes_are_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "KEPT_BYTES", 64 << 10)
    monkeypatch.setattr(logs, "punch", lambda *_: "EOPNOTSUPP")
    folder = TrialFolder(tmp_path)
    folder.stdout.write_text("x" * 200_000 + "\nlast line\n")
    logs.keep_short(folder)
    assert folder.stdout.stat().st_size == logs.TAIL_BYTES
    assert logs.tails(folder)["stdout"].endswith("x\nlast line\n")


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
