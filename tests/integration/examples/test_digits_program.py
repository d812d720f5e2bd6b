"""The digits program as a worker starts it: its reports, its checkpoints, and going on from one."""

import subprocess
import sys
from pathlib import Path
from typing import Any  # Any: a parameter's value

import numpy as np
import pytest

from tests.integration.examples.conftest import DIGITS, REPOSITORY, Program

PLAIN = {"batch_size": 12}
ALL_CHANCE = {"batch_size": 7, "dropout": 0.2, "augmentation": "shift", "label_noise": 0.3}


def arrays(path: Path) -> dict[str, bytes]:
    with np.load(path) as saved:
        return {name: saved[name].tobytes() for name in saved.files}


@pytest.mark.parametrize("params", [PLAIN, ALL_CHANCE], ids=["plain", "all-chance"])
@pytest.mark.parametrize("resume_step", [30, 47])
def test_going_on_from_a_checkpoint_equals_running_straight_through(
    program: Program, params: dict[str, Any], resume_step: int
) -> None:
    straight = program.run(params=params, checkpoint_steps=[resume_step])
    path = straight.checkpoints()[resume_step]
    resumed = program.run(params=params, resume={"step": resume_step, "path": str(path)})

    later = {step: line for step, line in straight.curve().items() if step > resume_step}
    assert resumed.curve() == later
    assert arrays(resumed.checkpoints()[60]) == arrays(straight.checkpoints()[60])


def test_a_longer_run_goes_on_where_the_shorter_one_was_still_constant(program: Program) -> None:
    longer: dict[str, Any] = {
        "max_train_steps": 120,
        "schedule": {"kind": "wsd", "peak": 0.05, "decay_steps": 48},
    }
    short = program.run(checkpoint_steps=[36])
    straight = program.run(**longer)
    resumed = program.run(**longer, resume={"step": 36, "path": str(short.checkpoints()[36])})
    assert arrays(resumed.checkpoints()[120]) == arrays(straight.checkpoints()[120])


def test_reports_hold_every_metric_on_the_grid_and_the_last_step(program: Program) -> None:
    ran = program.run(max_train_steps=25)
    assert ran.exit_code == 0, ran.stderr
    assert list(ran.curve()) == [10, 20, 25]
    metrics = {"step", "train_error", "train_loss", "val_error", "val_loss"}
    assert all(set(line) == metrics for line in ran.curve().values())
    assert ran.reports[-1] == {"step": 25}
    assert list(ran.checkpoints()) == [10, 20, 25]


def test_a_rate_that_explodes_is_reported_and_ends_the_run_in_peace(program: Program) -> None:
    ran = program.run(schedule={"kind": "constant", "peak": 1e200})
    assert ran.exit_code == 0, ran.stderr
    assert ran.curve()[10]["train_loss"] == "nan"
    assert ran.curve()[10]["val_error"] == 1.0
    assert list(ran.curve()) == [10]
    assert ran.checkpoints() == {}


def test_the_program_runs_alone_from_the_command_line() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "train.py", "--max-train-steps", "100", "--width", "16"],
        cwd=DIGITS,
        env={"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 50
    assert lines[-1].startswith("step   100  train_loss ")
