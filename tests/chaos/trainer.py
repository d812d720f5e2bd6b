"""The training that faults are thrown at: its curve is known in closed form, its state is a chain
that only steps done in order can reach, and it keeps a ledger of its own, outside the product.
"""

import math
from pathlib import Path
from typing import Any

from tests.e2e.trainers import Bench, make_bench

Json = Any  # JSON, as the contract says
CHAIN = 1_000_003  # the state after a step: state * 31 + step, modulo this prime

# Written out in full, for it runs as a program of its own. It must stay the same as `value` below.
TRAIN = """
import json, math, os, pathlib, time
import paceline

attempt = json.loads(pathlib.Path(os.environ["PACELINE_TRIAL_DIR"], "context.json").read_text())
ledger = os.open(os.environ["LEDGER"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def write_down(**what):
    at = time.clock_gettime(time.CLOCK_BOOTTIME)
    ids = {"trial": attempt["trial_id"], "attempt": attempt["attempt_id"], "pid": os.getpid()}
    os.write(ledger, (json.dumps({**what, **ids, "at": at}) + "\\n").encode())

def pause():
    with open(os.environ["PAUSE"]) as file:
        time.sleep(float(file.read()))

with paceline.trial() as trial:
    state = 0

    def load(path):
        global state
        saved = json.loads(path.read_text())
        state = saved["state"]
        return saved["step"]

    start = trial.resume(load)
    step = start  # resumed at the horizon: no step is left
    write_down(event="start", step=start)
    away = math.log10(trial["learning_rate"] / 0.03) ** 2 / 10
    for step in trial.steps(start):
        pause()
        state = (state * 31 + step) % 1000003
        write_down(event="step", step=step)
        if trial.should_evaluate(step):
            error = 0.1 + away + math.exp(-step / 4) + step / 1000 + trial.seed / 1e4
            trial.report(step, val_error=error + state * 1e-12, train_error=error / 2)
        if trial.should_checkpoint(step):
            path = trial.checkpoint_dir / f"{step}.json"
            path.write_text(json.dumps({"step": step, "state": state}))
            trial.checkpoint(step, path)
            write_down(event="checkpoint", step=step)
    write_down(event="end", step=step)
"""


def value(params: dict[str, Json], seed: int, step: int) -> float:
    """The `val_error` that this training has after so many steps, however often it was resumed."""
    state = 0
    for done in range(1, step + 1):
        state = (state * 31 + done) % CHAIN
    away = math.log10(params["learning_rate"] / 0.03) ** 2 / 10
    return 0.1 + away + math.exp(-step / 4) + step / 1000 + seed / 1e4 + state * 1e-12


def make_trainer(folder: Path) -> Bench:
    """A folder of its own with the training in it; beside it the ledger."""
    return make_bench(folder, TRAIN, name="chaos", max_train_steps=32)
