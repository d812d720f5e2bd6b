"""The fence: once a successor holds the trial, nothing of the old attempt gets through."""

from collections.abc import Callable

import pytest
from httpx2 import Response

from tests.contract.lab import Lab
from tests.contract.slot import Attempt, Slot, attempt_row, lapse

WRITES: dict[str, Callable[[Attempt], Response]] = {
    "heartbeat": lambda attempt: attempt.heartbeat(6),
    "measurements": lambda attempt: attempt.measure([6], [0.0]),
    "checkpoint": lambda attempt: attempt.checkpoint(6),
    "finish": lambda attempt: attempt.finish(),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_write_after_a_successor_claimed_is_refused_and_changes_nothing(
    lab: Lab, write: str
) -> None:
    lab.create()
    old = Slot(lab).claim()
    lapse(lab, old)
    new = Slot(lab, worker="w2").claim()
    assert new.trial_id == old.trial_id
    before = lab.get(f"/v1/trials/{new.trial_id}")
    answer = WRITES[write](old)
    assert (answer.status_code, answer.json()["type"]) == (409, "stale-attempt")
    assert lab.get(f"/v1/trials/{new.trial_id}") == before


@pytest.mark.parametrize("write", WRITES)
def test_the_token_of_another_attempt_is_refused(lab: Lab, write: str) -> None:
    lab.create()
    mine, other = Slot(lab).claim(), Slot(lab, slot="1").claim()
    forged = Attempt(lab, {**mine.claim, "token": other.claim["token"]})
    assert WRITES[write](forged).json()["type"] == "stale-attempt"
    assert attempt_row(lab, mine.id)["state"] == "leased"


@pytest.mark.parametrize("write", WRITES)
def test_an_unknown_attempt_is_a_404(lab: Lab, write: str) -> None:
    lab.create()
    claim = {**Slot(lab).claim().claim, "attempt_id": "attempt_none"}
    assert WRITES[write](Attempt(lab, claim)).status_code == 404


def test_an_attempt_route_without_its_token_is_refused(lab: Lab) -> None:
    lab.create()
    attempt = Slot(lab).claim()
    answer = lab.client.post(f"/v1/attempts/{attempt.id}/heartbeat", json={"last_step": 1})
    assert answer.status_code == 409
    assert "Paceline-Attempt-Token" in answer.json()["detail"]


def test_a_cancelled_trial_tells_its_worker_so_and_takes_nothing_more(lab: Lab) -> None:
    lab.create()
    attempt = Slot(lab).claim()
    assert lab.client.post(f"/v1/trials/{attempt.trial_id}/cancel").status_code == 200
    assert attempt.heartbeat(3).json()["command"] == "cancel"
    assert attempt.measure([2], [0.1]).json()["type"] == "stale-attempt"
    assert attempt.finish("cancelled").json()["state"] == "cancelled"
