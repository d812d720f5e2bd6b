"""`make setup` does nothing when nothing changed, and notices what did."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT
from tools import setup_environment
from tools.setup_environment import SOURCES, is_usable, refresh, wanted_stamp


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with a lock, a project and an environment that is up to date."""
    for name in SOURCES:
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / ".venv" / "paceline-stamp").write_text(wanted_stamp(tmp_path))
    return tmp_path


def test_an_environment_that_is_up_to_date_is_left_alone(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installs: list[Path] = []
    monkeypatch.setattr(setup_environment, "install", lambda python, _: installs.append(python))
    monkeypatch.setattr(setup_environment, "is_usable", Path.exists)

    assert refresh(root) is False
    assert installs == []


@pytest.mark.parametrize("name", SOURCES)
def test_a_changed_lock_or_project_is_installed_once(
    name: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installs: list[Path] = []
    monkeypatch.setattr(setup_environment, "install", lambda python, _: installs.append(python))
    monkeypatch.setattr(setup_environment, "is_usable", Path.exists)
    (root / name).write_text((root / name).read_text() + "\n")

    assert refresh(root) is True
    assert refresh(root) is False
    assert installs == [root / ".venv" / "bin" / "python"]


def test_an_interpreter_that_is_gone_or_no_python_is_not_usable(tmp_path: Path) -> None:
    (tmp_path / "false").symlink_to("/bin/false")

    assert is_usable(Path(sys.executable))
    assert not is_usable(tmp_path / "nothing")
    assert not is_usable(tmp_path / "false")
