"""Full disks: of the trial folders and of the database. Nothing accepted is lost, nobody dies, the
reason names the disk, and work goes on by itself once there is room.
"""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from paceline.client import ProblemError
from tests.chaos import figures
from tests.integration.workers import conftest as bench
from tests.integration.workers import test_real_service as whole
from tests.integration.workers.conftest import StartNode
from tests.integration.workers.ledger import Ledger, claim
from tests.integration.workers.programs import FILES_ALONE, python
from tests.support.waiting import wait_until
from workers import quarantine, room
from workers.node import Node

Json = Any  # JSON, as the contract says
pytestmark = pytest.mark.slow
ledger, start_node = bench.ledger, bench.start_node
service, node = whole.service, whole.node
WAITS_AND_CRASHES = """
import os, pathlib, time
state = pathlib.Path(os.environ["PACELINE_TRIAL_DIR"]).parent.parent
(state / "started").touch()
while not (state / "crash").exists():
    time.sleep(0.05)
raise SystemExit(1)
"""


def test_slot_without_room_claims_nothing_says_why_and_goes_on_by_itself(
    ledger: Ledger, start_node: StartNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(room, "LEAST_FREE_BYTES", 1 << 60)
    ledger.work.append(claim("a1", python(FILES_ALONE)))
    start_node()
    wait_until(lambda: any(ledger.problems), seconds=60, what="the slot's word")
    problem = ledger.problems[-1]
    assert str(tmp_path / "state") in problem
    assert "make room" in problem
    assert ledger.claims == []
    monkeypatch.undo()
    wait_until(lambda: "a1" in ledger.finishes, seconds=60, what="the attempt")
    assert ledger.finishes["a1"]["outcome"] == "completed"
    assert ledger.problems[-1] == ""


def test_attempt_whose_folder_cannot_be_made_is_given_back_with_the_reason(
    ledger: Ledger, start_node: StartNode, tmp_path: Path
) -> None:
    ledger.work.append(claim("a1", python(FILES_ALONE)))
    trials = tmp_path / "state" / "trials"
    trials.parent.mkdir()
    trials.write_text("in the way")
    start_node()
    wait_until(lambda: "a1" in ledger.finishes, seconds=60, what="the attempt given back")
    assert ledger.finishes["a1"]["outcome"] == "preempted"
    assert str(trials) in ledger.logs["a1"]["stderr"]
    trials.unlink()
    ledger.work.append(claim("a2", python(FILES_ALONE)))
    wait_until(lambda: "a2" in ledger.finishes, seconds=60, what="the next attempt")
    assert ledger.finishes["a2"]["outcome"] == "completed"


def test_crash_on_a_full_disk_counts_against_nobody(
    ledger: Ledger, start_node: StartNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.work.append(claim("a1", python(WAITS_AND_CRASHES)))
    start_node()
    wait_until((tmp_path / "state" / "started").exists, seconds=60, what="the training")
    monkeypatch.setattr(room, "LEAST_FREE_BYTES", 1 << 60)
    (tmp_path / "state" / "crash").touch()
    wait_until(lambda: "a1" in ledger.finishes, seconds=60, what="the attempt")
    monkeypatch.undo()
    assert ledger.finishes["a1"]["outcome"] == "preempted"
    assert "make room" in ledger.logs["a1"]["stderr"]


def test_full_database_says_so_keeps_trainings_alive_and_recovers(
    service: whole.Service, node: Node
) -> None:
    del node
    definition = whole.study(python(FILES_ALONE, pause=0.05))
    study = service.client.post("/v1/studies", definition, timeout=60)["id"]
    wait_until(lambda: service.trial()["last_step"], seconds=60, what="first reports")
    engine = service.context.database.engine
    with engine.connect() as connection:
        limit = [connection.exec_driver_sql("PRAGMA page_count").scalar_one()]

    def cap(connection: Json, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count={limit[0]}").fetchall()

    def refused() -> ProblemError | None:
        try:
            service.client.post("/v1/studies", {**definition, "start": False})
        except ProblemError as problem:
            return problem
        return None

    event.listen(engine, "checkout", cap)
    problem = wait_until(refused, seconds=120, what="a database that is full")
    assert problem
    assert (problem.status, problem.kind) == (507, "database-full")
    assert "disk is full" in problem.detail
    assert "make room" in problem.hint
    limit[0] = 1 << 30
    trials = f"/v1/studies/{study}/trials"
    wait_until(
        lambda: service.client.get(trials)["items"][0]["state"] == "completed",
        seconds=120,
        what="the training to be heard",
    )
    (trial,) = service.client.get(trials)["items"]
    attempts = service.client.get(f"/v1/trials/{trial['id']}")["attempts"]
    assert [one["state"] for one in attempts] == ["succeeded"]
    figures.record("database full (SQLite)", faults=1, trials=1, attempts=1)
