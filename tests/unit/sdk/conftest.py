"""A trial folder as the worker makes it."""

import json
from pathlib import Path
from typing import Any  # Any: JSON that a test reads back

import pytest

from paceline.sdk_context import RANK_VARIABLES, WORLD_SIZE_VARIABLES

CONTEXT = {
    "trial_id": "t-1",
    "attempt_id": "a-1",
    "study": "digits",
    "round": 1,
    "params": {"learning_rate": 0.1, "width": 64},
    "seed": 3,
    "max_train_steps": 100,
    "schedule": {"kind": "wsd", "peak": 0.1, "warmup_steps": 10, "decay_steps": 20},
    "evaluate_every_steps": 30,
    "checkpoint_steps": [80],
    "resume": None,
    "page": "http://127.0.0.1:8731/trials/t-1",
}


class Folder:
    """The worker's side of a trial folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoint_dir = path / "checkpoints"

    def write_context(self, **changes: object) -> None:
        wire = {**CONTEXT, "checkpoint_dir": str(self.checkpoint_dir), **changes}
        (self.path / "context.json").write_text(json.dumps(wire))

    def control(self, text: str) -> None:
        (self.path / "control").write_text(text)

    def reports(self) -> list[dict[str, Any]]:  # Any: parsed JSON
        file = self.path / "reports.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def no_ranks(monkeypatch: pytest.MonkeyPatch) -> None:
    clear_variables(monkeypatch)


def clear_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*RANK_VARIABLES, *WORLD_SIZE_VARIABLES, "PACELINE_TRIAL_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    clear_variables(monkeypatch)
    made = Folder(tmp_path)
    made.checkpoint_dir.mkdir()
    made.write_context()
    monkeypatch.setenv("PACELINE_TRIAL_DIR", str(tmp_path))
    return made


@pytest.fixture
def every_look_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at `control` at each question, so that a test need not wait for the next look."""
    monkeypatch.setattr("paceline.sdk_files.CONTROL_LOOK_SECONDS", 0.0)
