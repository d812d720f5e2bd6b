"""What a balancer, a maintenance page or a training's own junk says costs nothing that was
measured."""

import pytest

from tests.integration.workers.conftest import StartNode
from tests.integration.workers.ledger import Ledger, claim
from tests.integration.workers.programs import FILES_ALONE, python
from tests.support.waiting import wait_until
from workers import reporter

STRANGE = """
import json, os, pathlib
folder = pathlib.Path(os.environ["PACELINE_TRIAL_DIR"])
(folder / "checkpoints" / "w").write_text("w")
with open(folder / "reports.jsonl", "a") as reports:
    for step in range(1, 21):
        row = {{"step": step, "val_error": 1 / step}}
        print(json.dumps(row | {{"n\\ud800": 1.0, "": 2.0}}), file=reports)
    print(json.dumps({{"step": 5, "checkpoint": "a\\0b"}}), file=reports)
    print(json.dumps({{"step": 20, "checkpoint": "checkpoints/w"}}), file=reports)
"""


def finished(ledger: Ledger, attempt: str) -> dict[str, object]:
    wait_until(lambda: attempt in ledger.finishes, seconds=60, what=f"{attempt} finished")
    return ledger.finishes[attempt]


@pytest.mark.parametrize("status", [400, 404, 405, 409, 422])
def test_a_page_of_a_balancer_is_an_outage(
    ledger: Ledger, start_node: StartNode, status: int
) -> None:
    ledger.work.append(claim("a1", python(FILES_ALONE, pause=0.05)))
    start_node()
    wait_until(lambda: ledger.steps("a1"), seconds=30, what="first reports")
    ledger.page, before = status, ledger.unanswered
    wait_until(lambda: ledger.unanswered >= before + 3, seconds=30, what="pages answered")
    ledger.page = None
    assert finished(ledger, "a1")["outcome"] == "completed"
    assert ledger.steps("a1") == list(range(1, 21))


def test_what_the_service_cannot_take_costs_nothing_else(
    ledger: Ledger, start_node: StartNode
) -> None:
    ledger.work.append(claim("a1", python(STRANGE)))
    start_node()
    assert finished(ledger, "a1")["outcome"] == "completed"
    assert ledger.steps("a1") == list(range(1, 21))
    assert set(ledger.curves) == {"a1/val_error"}
    assert [saved["step"] for saved in ledger.checkpoints] == [20]


def test_reports_that_cannot_be_delivered_count_as_a_failure_and_say_why(
    ledger: Ledger, start_node: StartNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("nobody had thought of this")

    monkeypatch.setattr(reporter, "read_piece", fail)
    ledger.work.append(claim("a1", python(FILES_ALONE)))
    start_node()
    end = finished(ledger, "a1")
    assert (end["outcome"], end["reason"]) == ("failed", "crashed")
    assert "nobody had thought of this" in ledger.logs["a1"]["stderr"]
