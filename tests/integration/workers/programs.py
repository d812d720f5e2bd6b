"""Training programs that tests run for real: with files alone, and with the SDK."""

import os
import signal
import sys
from pathlib import Path

FILES_ALONE = """
import json, os, pathlib, time
folder = pathlib.Path(os.environ["PACELINE_TRIAL_DIR"])
context = json.loads((folder / "context.json").read_text())
with open(folder / "reports.jsonl", "a") as reports:
    for step in range(1, context["max_train_steps"] + 1):
        time.sleep({pause})
        print(json.dumps({{"step": step, "val_error": 1 / step}}), file=reports, flush=True)
print("trained", context["params"]["width"])
"""
SDK = """
import json, time
import paceline
with paceline.trial() as trial:
    start = trial.resume(lambda path: json.loads(path.read_text()))
    for step in trial.steps(start):
        time.sleep({pause})
        if trial.should_evaluate(step):
            trial.report(step, val_error=1 / step)
        if trial.should_checkpoint(step):
            path = trial.checkpoint_dir / "weights.json"
            path.write_text(json.dumps({{"step": step}}))
            trial.checkpoint(step, path)
"""
STUBBORN = """
import os, pathlib, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
folder = pathlib.Path(os.environ["PACELINE_TRIAL_DIR"])
child = subprocess.Popen([sys.executable, "-c", {grandchild!r}])
(folder.parent.parent / "pids.draft").write_text(f"{{os.getpid()}} {{child.pid}}")
os.rename(folder.parent.parent / "pids.draft", folder.parent.parent / "pids")
time.sleep(600)
"""
IGNORES_TERM = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
LEAVES_THE_GROUP = "import os, time; os.setsid(); time.sleep(600)"


def python(program: str, **values: object) -> list[str]:
    """The argv of a program; its braces are filled."""
    return [sys.executable, "-c", program.format(**{"pause": 0.005, **values})]


def stubborn(grandchild: str = IGNORES_TERM) -> list[str]:
    return python(STUBBORN, grandchild=grandchild)


def read_pids(state_dir: Path) -> list[int]:
    """The training's pid and its child's, once it has written them; else nothing."""
    path = state_dir / "pids"
    return [int(word) for word in path.read_text().split()] if path.exists() else []


def are_gone(pids: list[int]) -> bool:
    return not any(is_alive(pid) for pid in pids)


def is_alive(pid: int) -> bool:
    """A zombie that nobody has buried yet is no longer alive."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z" and os.path.exists(f"/proc/{pid}")


def treats_term(pid: int, how: str) -> bool:
    """Whether a process has said by now what becomes of TERM; `how`: SigIgn or SigCgt (caught)."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    mask = next(line for line in status.splitlines() if line.startswith(how))
    return bool(int(mask.split()[1], 16) >> (signal.SIGTERM - 1) & 1)
