"""The training that the whole-product tests run: milliseconds of work, a curve known in closed
form, and a ledger of its own, outside the product, that says what really happened.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Json = Any  # JSON, as the contract says

# Error falls with the steps and is least at step 39 and rate 0.03: 64 steps are right, 16 too few.
TRAIN = """
import json, math, os, time
import paceline

def write_down(**what):
    line = json.dumps({**what, "trial": trial.id, "pid": os.getpid()}) + "\\n"
    ledger = os.open(os.environ["LEDGER"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(ledger, line.encode())
    os.close(ledger)

with paceline.trial() as trial:
    start = trial.resume(lambda path: json.loads(path.read_text()))
    write_down(event="start", step=start, seed=trial.seed)
    away = math.log10(trial["learning_rate"] / 0.03) ** 2 / 10
    for step in trial.steps(start):
        with open(os.environ["PAUSE"]) as pause:
            time.sleep(float(pause.read()))
        error = 0.1 + away + math.exp(-step / 8) + step / 1000 + trial.seed / 1e4
        write_down(event="step", step=step)
        if trial.should_evaluate(step):
            trial.report(step, val_error=error, train_error=error / 2)
        if trial.should_checkpoint(step):
            path = trial.checkpoint_dir / f"{step}.json"
            path.write_text(json.dumps({"step": step}))
            trial.checkpoint(step, path)
    write_down(event="end", step=step)
print("trained to step", step)
"""

FILES_ALONE = """
import json, math, os, pathlib
folder = pathlib.Path(os.environ["PACELINE_TRIAL_DIR"])
context = json.loads((folder / "context.json").read_text())
away = math.log10(context["params"]["learning_rate"] / 0.03) ** 2 / 10
with open(folder / "reports.jsonl", "a") as reports:
    for step in range(1, context["max_train_steps"] + 1):
        if step % context["evaluate_every_steps"] == 0 or step == context["max_train_steps"]:
            error = 0.1 + away + math.exp(-step / 8) + step / 1000
            print(json.dumps({"step": step, "val_error": error}), file=reports, flush=True)
    print(json.dumps({"step": step}), file=reports, flush=True)
"""


@dataclass(frozen=True)
class Bench:
    """A folder with the training program; beside it the ledger that it writes, and how long it
    pauses at each step, which a test may change while it trains. `defaults` of its studies."""

    folder: Path
    defaults: Mapping[str, Json] = field(default_factory=dict)

    @property
    def ledger(self) -> Path:
        return self.folder.with_name("ledger.jsonl")

    def pause(self, seconds: float) -> None:
        """From now on every step of every training takes so long."""
        draft = self.folder.with_name("pause.draft")
        draft.write_text(str(seconds))
        draft.replace(self.folder.with_name("pause"))

    def entries(self, event: str) -> list[Json]:
        """What trainings wrote down under this word, in order."""
        if not self.ledger.exists():
            return []
        lines = [json.loads(line) for line in self.ledger.read_text().splitlines()]
        return [line for line in lines if line["event"] == event]

    def starts(self, trial_id: str) -> list[int]:
        """From which step each start of this trial went on."""
        return [line["step"] for line in self.entries("start") if line["trial"] == trial_id]

    def ends(self, trial_id: str) -> list[int]:
        return [line["step"] for line in self.entries("end") if line["trial"] == trial_id]

    def definition(self, **changes: Json) -> dict[str, Json]:
        """A study of this training; `changes` replace its fields."""
        rate = {"type": "float", "low": 0.003, "high": 0.3, "scale": "log", "role": "learning_rate"}
        return {
            "name": "tiny",
            "objective": {"metric": "val_error", "direction": "minimize", "tolerance": 0.01},
            "training_metric": {"metric": "train_error", "direction": "minimize"},
            "job": self.job(),
            "parameters": {"learning_rate": rate},
            "schedule": {"kind": "constant", "peak": "learning_rate"},
            "max_train_steps": 64,
            "evaluate_every_steps": 2,
            "trials": 8,
            **self.defaults,
            **changes,
        }

    def job(self, **changes: Json) -> dict[str, Json]:
        environment = {
            "LEDGER": str(self.ledger),
            "PAUSE": str(self.folder.with_name("pause")),
        }
        return {
            "command": ["python", "train.py"],
            "directory": str(self.folder),
            "env": environment,
            "resumable": True,
            **changes,
        }

    def write_definition(self, definition: Mapping[str, Json], name: str = "study.yaml") -> Path:
        """The definition as the file that a person would write."""
        file = self.folder / name
        file.write_text(yaml.safe_dump(dict(definition), sort_keys=False))
        return file


def make_bench(folder: Path, train: str = TRAIN, **defaults: Json) -> Bench:
    """A folder of its own with the training in it."""
    folder.mkdir(parents=True)
    (folder / "train.py").write_text(train)
    (folder / "files_alone.py").write_text(FILES_ALONE)
    bench = Bench(folder, defaults)
    bench.pause(0.0)
    return bench
