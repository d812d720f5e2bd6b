"""Put the example's own modules on the path, and run its program as a worker would."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any  # Any: JSON that a test reads back

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
DIGITS = REPOSITORY / "examples" / "digits"
sys.path.insert(0, str(DIGITS))


@dataclass(frozen=True)
class Ran:
    """What one run of the program left behind."""

    exit_code: int
    stderr: str
    reports: tuple[dict[str, Any], ...]  # Any: parsed JSON

    def curve(self) -> dict[int, dict[str, Any]]:  # Any: as above
        """Metrics by step."""
        return {line["step"]: line for line in self.reports if "val_error" in line}

    def checkpoints(self) -> dict[int, Path]:
        """Where each step's checkpoint lies."""
        return {line["step"]: Path(line["checkpoint"]) for line in self.reports if len(line) == 2}


class Program:
    """`examples/digits/train.py` in a trial folder of its own for each run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def run(self, **changes: Any) -> Ran:  # Any: the words of context.json
        self._count += 1
        folder = self._folder / f"attempt-{self._count}"
        (folder / "checkpoints").mkdir(parents=True)
        context = {
            "trial_id": "t-1",
            "params": {"learning_rate": 0.05, "batch_size": 12},
            "seed": 3,
            "max_train_steps": 60,
            "schedule": {"kind": "wsd", "peak": 0.05, "decay_fraction": 0.4},
            "evaluate_every_steps": 10,
            "checkpoint_steps": [],
            "checkpoint_dir": str(folder / "checkpoints"),
            "resume": None,
            **changes,
        }
        (folder / "context.json").write_text(json.dumps(context))
        environment = {**os.environ, "PACELINE_TRIAL_DIR": str(folder), "OMP_NUM_THREADS": "1"}
        environment["PYTHONPATH"] = str(REPOSITORY)
        done = subprocess.run(
            [sys.executable, "-W", "error", "train.py"],
            cwd=DIGITS,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        reports = folder / "reports.jsonl"
        lines = reports.read_text().splitlines() if reports.exists() else []
        return Ran(done.returncode, done.stderr, tuple(json.loads(line) for line in lines))


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Give one test the program and folders for its runs."""
    return Program(tmp_path)
