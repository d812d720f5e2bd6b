"""From one training to the next: the end of an attempt is told while the next one starts; two
trainings of a slot never overlap, and one unfinished attempt at most stands beside the one that
runs."""

from itertools import pairwise
from pathlib import Path

import pytest

from tests.integration.workers.conftest import StartNode
from tests.integration.workers.ledger import Ledger, claim
from tests.integration.workers.programs import FILES_ALONE, python
from tests.support.waiting import wait_until
from workers import attempt

CLOCKED = """
import json, os, time
began_at = time.monotonic()
with open(os.environ["PACELINE_TRIAL_DIR"] + "/reports.jsonl", "a") as reports:
    print(json.dumps({{"step": 20, "val_error": 0.5}}), file=reports)
time.sleep({pause})
with open({times!r}, "a") as times:
    print(began_at, time.monotonic(), file=times)
"""


def until_finished(ledger: Ledger, *attempts: str) -> None:
    wait_until(
        lambda: set(attempts) <= set(ledger.finishes), seconds=60, what=f"{attempts} finished"
    )


def test_next_training_runs_while_the_end_of_the_last_is_told(
    ledger: Ledger, start_node: StartNode
) -> None:
    ledger.work += [claim("a1", python(FILES_ALONE)), claim("a2", python(FILES_ALONE))]
    ledger.unheard = {"a1/finish"}
    start_node()
    wait_until(lambda: ledger.steps("a2"), seconds=30, what="reports of the second training")
    assert "a1" not in ledger.finishes
    assert ledger.claims[1]["after"] == {"attempt_id": "a1", "token": "token-of-a1"}
    assert ledger.claims[1]["wait_seconds"] == 0
    ledger.unheard = set()
    until_finished(ledger, "a1", "a2")
    assert ledger.finishes["a1"]["outcome"] == ledger.finishes["a2"]["outcome"] == "completed"
    assert ledger.steps("a1") == ledger.steps("a2") == list(range(1, 21))


def test_a_third_attempt_waits_until_the_first_is_finished(
    ledger: Ledger, start_node: StartNode
) -> None:
    ledger.work += [claim(name, python(FILES_ALONE)) for name in ("a1", "a2", "a3")]
    ledger.unheard = {"a1/finish"}
    start_node()
    until_finished(ledger, "a2")
    unanswered = ledger.unanswered
    wait_until(lambda: ledger.unanswered >= unanswered + 2, seconds=60, what="a1 told again")
    assert len(ledger.claims) == 2
    ledger.unheard = set()
    until_finished(ledger, "a1", "a2", "a3")
    assert "after" not in ledger.claims[2]


def test_trainings_of_a_slot_never_overlap(
    ledger: Ledger, start_node: StartNode, tmp_path: Path
) -> None:
    times = tmp_path / "times"
    command = python(CLOCKED, times=str(times), pause=0.1)
    ledger.work += [claim(f"a{number}", command) for number in range(6)]
    start_node()
    until_finished(ledger, *(f"a{number}" for number in range(6)))
    spans = sorted(tuple(map(float, line.split())) for line in times.read_text().splitlines())
    assert len(spans) == 6
    assert all(before[1] < after[0] for before, after in pairwise(spans))


def test_nothing_to_claim_before_the_finish_is_asked_for_again_after_it(
    ledger: Ledger, start_node: StartNode
) -> None:
    ledger.work.append(claim("a1", python(FILES_ALONE)))
    ledger.unheard = {"a1/finish"}
    start_node()
    wait_until(lambda: len(ledger.claims) == 2, seconds=30, what="a claim before the finish")
    wait_until(lambda: ledger.unanswered, seconds=30, what="a finish without answer")
    ledger.work.append(claim("a2", python(FILES_ALONE)))
    ledger.unheard = set()
    until_finished(ledger, "a1", "a2")
    assert "after" in ledger.claims[1]
    assert "after" not in ledger.claims[2]


def test_a_service_that_knows_no_predecessors_is_asked_after_the_finish(
    ledger: Ledger, start_node: StartNode
) -> None:
    ledger.knows_predecessors = False
    ledger.work += [claim(name, python(FILES_ALONE)) for name in ("a1", "a2", "a3")]
    start_node()
    until_finished(ledger, "a1", "a2", "a3")
    assert all("after" not in body for body in ledger.claims)


def test_a_slot_in_unforeseen_trouble_gives_its_attempt_back(
    ledger: Ledger, start_node: StartNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a fault of the worker's own")

    ledger.work += [claim("a1", python(FILES_ALONE)), claim("a2", python(FILES_ALONE))]
    with monkeypatch.context() as broken:
        broken.setattr(attempt, "prepare", fail)
        start_node()
        until_finished(ledger, "a1")
    until_finished(ledger, "a2")
    assert ledger.finishes["a1"]["outcome"] == "preempted"
    assert "a fault of the worker's own" in ledger.finishes["a1"]["logs"]["stderr"]
    assert ledger.finishes["a2"]["outcome"] == "completed"
