"""Which Python a job gets, and where it may run."""

import sys
from pathlib import Path

import pytest

from workers.command import CannotRun, job_command
from workers.options import WorkerOptions


def options(root: Path, *, allow_commands: bool = True) -> WorkerOptions:
    return WorkerOptions(root=root, allow_commands=allow_commands)


def test_python_means_the_jobs_then_the_active_environments_then_the_workers(
    tmp_path: Path,
) -> None:
    job: dict[str, object] = {"command": ["python", "train.py"]}
    assert job_command(job, options(tmp_path), {}).argv == (sys.executable, "train.py")
    active = tmp_path / "venv"
    (active / "bin").mkdir(parents=True)
    (active / "bin" / "python").touch()
    variables = {"VIRTUAL_ENV": str(active)}
    assert job_command(job, options(tmp_path), variables).argv[0] == str(active / "bin" / "python")
    job["python"] = sys.executable
    assert job_command(job, options(tmp_path), variables).argv[0] == sys.executable


@pytest.mark.parametrize("directory", ["..", "inside/../../etc", "link"])
def test_relative_folder_cannot_leave_the_root(tmp_path: Path, directory: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    with pytest.raises(CannotRun, match="leads out"):
        job_command({"command": ["true"], "directory": directory}, options(root), {})


def test_absolute_folder_and_free_command_want_allow_commands(tmp_path: Path) -> None:
    modest = options(tmp_path, allow_commands=False)
    with pytest.raises(CannotRun, match="--allow-commands"):
        job_command({"command": ["true"]}, modest, {})
    with pytest.raises(CannotRun, match="--allow-commands"):
        job_command({"entrypoint": "train", "directory": "/"}, modest, {})


def test_unknown_entrypoint_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="registered: none"):
        job_command({"entrypoint": "train"}, options(tmp_path), {})
