"""Real log lines of a real worker: whatever is said of an attempt, from whichever thread, names the
study, the trial and the attempt."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.workers.conftest import REPOSITORY
from tests.integration.workers.ledger import TOKEN, Ledger, claim
from tests.integration.workers.programs import python
from tests.support.waiting import wait_until

Json = Any  # JSON, as the contract says
# Another value for a known step (the reporter complains) and a checkpoint that is not there (the
# courier does).
TELLS_NONSENSE = """
import os, pathlib, time
with open(pathlib.Path(os.environ["PACELINE_TRIAL_DIR"]) / "reports.jsonl", "a") as reports:
    print('{{"step": 1, "val_error": 1}}', file=reports, flush=True)
    print('{{"step": 1, "checkpoint": "nowhere"}}', file=reports, flush=True)
    time.sleep(2)
    print('{{"step": 1, "val_error": 2}}', file=reports, flush=True)
"""


class LoggingWorker:
    """`paceline worker` in a process of its own, and what it logs."""

    def __init__(self, ledger: Ledger, folder: Path) -> None:
        self._log = folder / "worker.log"
        (folder / "token").write_text(TOKEN)
        words = ["--url", ledger.url, "--token-file", "token", "--allow-commands"]
        words += ["--lock-dir", "locks", "--store", (folder / "store").as_uri()]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "paceline.cli.main", "worker", *words],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
                stderr=log,
            )

    def lines(self, event: str) -> list[dict[str, Json]]:
        """Every whole line of this event."""
        whole = self._log.read_text().rpartition("\n")[0].splitlines()
        return [line for line in map(json.loads, whole) if line["event"] == event]

    def line(self, event: str) -> dict[str, Json]:
        """The first of this event, waited for."""
        wait_until(lambda: self.lines(event), seconds=60, what=f"the log line: {event}")
        return self.lines(event)[0]

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def worker(ledger: Ledger, tmp_path: Path) -> Iterator[LoggingWorker]:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / ".paceline-store").write_text("nonce")
    worker = LoggingWorker(ledger, tmp_path)
    yield worker
    worker.kill()


def ids(line: dict[str, Json]) -> tuple[Json, Json, Json]:
    return line.get("study_id"), line.get("trial_id"), line.get("attempt_id")


A1 = ("study-1", "trial-of-a1", "a1")


def test_slot_reporter_and_courier_name_the_attempt(ledger: Ledger, worker: LoggingWorker) -> None:
    ledger.work.append(claim("a1", python(TELLS_NONSENSE)))
    assert ids(worker.line("attempt ended")) == A1
    assert ids(worker.line("measurements refused and dropped")) == A1
    lost = "checkpoint lost: it never reached the store; the trial goes on without it"
    assert ids(worker.line(lost)) == A1
    assert worker.line("attempt ended")["slot"] == "0"


def test_a_second_attempt_is_not_taken_for_the_first(ledger: Ledger, worker: LoggingWorker) -> None:
    ledger.work += [claim("a1", python("pass")), claim("a2", python("pass"))]
    wait_until(lambda: len(worker.lines("attempt ended")) == 2, seconds=60, what="two ends")
    ended = [ids(line) for line in worker.lines("attempt ended")]
    assert ended == [A1, ("study-1", "trial-of-a2", "a2")]


def test_an_attempt_that_breaks_its_slot_is_named_and_an_idle_slot_names_none(
    ledger: Ledger, worker: LoggingWorker
) -> None:
    ledger.work.append(claim("a1", python("pass"), job={"directory": None}))  # no command at all
    assert ids(worker.line("attempt given back: the worker itself failed")) == A1
    wait_until(lambda: len(ledger.claims) > 1, seconds=60, what="the next claim")
    ledger.is_silent = True
    assert ids(worker.line("no answer from the service, trying again")) == (None, None, None)


def test_what_holds_the_lease_during_a_slow_fetch_names_the_attempt(
    ledger: Ledger, worker: LoggingWorker, tmp_path: Path
) -> None:
    worker.line("worker registered")
    (tmp_path / "store").rename(tmp_path / "elsewhere")
    checkpoint = {"store": "file:///x", "key": "s/t/a0/5", "bytes": 1}
    resume = {"step": 5, "checkpoint": checkpoint}
    ledger.work.append(claim("a1", python("pass"), resume=resume, grace_seconds=20.0))
    wait_until(lambda: ledger.claimed, seconds=60, what="the claim")
    ledger.is_silent = True
    assert ids(worker.line("heartbeat not answered")) == A1
    assert ids(worker.line("checkpoint store away, trying again")) == A1
