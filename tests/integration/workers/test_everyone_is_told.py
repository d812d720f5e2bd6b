"""A TERM that reaches worker and training alike (a control group's) is no fault of the trial."""

import os
import signal
from pathlib import Path

import pytest

from tests.integration.workers.conftest import StartNode
from tests.integration.workers.ledger import Ledger, claim
from tests.integration.workers.programs import python
from tests.support.waiting import wait_until

TOLD = """
import os, pathlib, signal, sys, time
folder = pathlib.Path(os.environ["PACELINE_TRIAL_DIR"])
signal.signal(signal.SIGTERM, {handler})
(folder.parent.parent / "pid.draft").write_text(str(os.getpid()))
os.rename(folder.parent.parent / "pid.draft", folder.parent.parent / "pid")
time.sleep(600)
"""
HANDLERS = {
    "dies of it": "signal.SIG_DFL",
    "ends well": "lambda *_: sys.exit(0)",
    "ends with its own code": "lambda *_: sys.exit(3)",
}


def pid_of_training(tmp_path: Path) -> int:
    file = tmp_path / "state" / "pid"
    wait_until(file.exists, seconds=60, what="the training runs")
    return int(file.read_text())


@pytest.mark.parametrize("handler", HANDLERS.values(), ids=HANDLERS)
def test_training_that_is_told_with_its_worker_is_preempted(
    ledger: Ledger, start_node: StartNode, tmp_path: Path, handler: str
) -> None:
    ledger.work.append(claim("a1", python(TOLD, handler=handler)))
    node = start_node()
    training = pid_of_training(tmp_path)
    node.stop()
    os.kill(training, signal.SIGTERM)
    wait_until(lambda: "a1" in ledger.finishes, seconds=60, what="finished")
    assert ledger.finishes["a1"]["outcome"] == "preempted"


def test_training_that_dies_of_a_term_of_its_own_has_crashed(
    ledger: Ledger, start_node: StartNode, tmp_path: Path
) -> None:
    ledger.work.append(claim("a1", python(TOLD, handler="signal.SIG_DFL")))
    start_node()
    os.kill(pid_of_training(tmp_path), signal.SIGTERM)
    wait_until(lambda: "a1" in ledger.finishes, seconds=60, what="finished")
    end = ledger.finishes["a1"]
    assert (end["outcome"], end["exit_code"]) == ("failed", -15)
