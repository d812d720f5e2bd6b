"""The SDK in somebody else's environment: three kinds of files in a folder, and nothing else."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import paceline
from tests.unit.sdk.conftest import Folder

PACKAGE = Path(paceline.__file__).parent
SDK_FILES = [PACKAGE / "__init__.py", PACKAGE / "schedules.py", *sorted(PACKAGE.glob("sdk*.py"))]
TRAINING = """
import sys, paceline
with paceline.trial() as trial:
    for step in trial.steps(trial.resume(print)):
        trial.learning_rate(step)
        if trial.should_evaluate(step):
            trial.report(step, loss=1 / step)
        if trial.should_checkpoint(step):
            saved = trial.checkpoint_dir / f"{step}.txt"
            saved.write_text(str(step))
            trial.checkpoint(step, saved)
foreign = {name.split(".")[0] for name in sys.modules} - sys.stdlib_module_names - {"__main__"}
print(",".join(sorted(foreign)))
"""


def test_copied_files_train_in_a_python_without_packages(folder: Folder, tmp_path: Path) -> None:
    sdk = tmp_path / "sdk" / "paceline"
    sdk.mkdir(parents=True)
    for file in SDK_FILES:
        shutil.copy(file, sdk)
    environment = {"PACELINE_TRIAL_DIR": str(folder.path), "PYTHONPATH": str(sdk.parent)}
    result = subprocess.run(
        [sys.executable, "-S", "-W", "error", "-c", TRAINING],
        env=environment,
        cwd=os.sep,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.stdout.strip(), result.stderr, result.returncode) == ("paceline", "", 0)
    steps = [line["step"] for line in folder.reports()]
    assert steps == [30, 30, 60, 60, 80, 90, 90, 100, 100, 100]
    assert folder.reports()[-1] == {"step": 100}


def test_importing_it_loads_no_heavy_module() -> None:
    heavy = {"logging", "tempfile", "socket", "httpx2", "typer", "numpy", "asyncio", "subprocess"}
    program = "import sys, json, paceline; print(json.dumps(list(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert heavy.isdisjoint(json.loads(result.stdout))


@pytest.mark.parametrize("file", SDK_FILES, ids=lambda file: file.name)
def test_older_pythons_can_read_it(file: Path) -> None:
    ast.parse(file.read_text(), feature_version=(3, 9))


def test_the_public_names_are_exactly_these() -> None:
    assert sorted(paceline.__all__) == ["Schedule", "ScheduleError", "Trial", "trial"]
