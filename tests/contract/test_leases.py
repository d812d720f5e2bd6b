"""Leases: an expired one is claimable, not lost; after an outage the nodes are heard first."""

import pytest

from app.db import service_state
from app.services.leases import mark_expired, note_api_seen
from tests.contract.lab import Lab
from tests.contract.slot import Attempt, Slot, attempt_row, attended, expire, lapse, study_row


def test_an_expired_lease_is_claimable_and_its_trial_goes_on_running(lab: Lab) -> None:
    lab.create()
    attempt = Slot(lab).claim()
    lapse(lab, attempt)
    row = attempt_row(lab, attempt.id)
    assert (row["state"], row["claimable_at"] is not None) == ("leased", True)
    assert lab.get(f"/v1/trials/{attempt.trial_id}")["state"] == "running"


@pytest.mark.parametrize("write", ["heartbeat", "measurements", "checkpoint"])
def test_an_accepted_write_takes_an_expired_attempt_back(lab: Lab, write: str) -> None:
    lab.create(trials=1)
    attempt = Slot(lab).claim()
    lapse(lab, attempt)
    writes = {
        "heartbeat": lambda: attempt.heartbeat(1),
        "measurements": lambda: attempt.measure([2], [0.5]),
        "checkpoint": lambda: attempt.checkpoint(2),
    }
    assert writes[write]().status_code == 200
    assert attempt_row(lab, attempt.id)["claimable_at"] is None
    assert Slot(lab, worker="w2").ask().status_code == 204


def test_the_attempt_is_lost_when_a_successor_claims_it(lab: Lab) -> None:
    study = lab.create(trials=1)
    old = Slot(lab).claim()
    old.heartbeat(10)
    lapse(lab, old)
    new = Slot(lab, worker="w2").claim()
    row = attempt_row(lab, old.id)
    assert (row["state"], row["reason"]) == ("lost", "lost")
    assert new.claim["number"] == 2
    books = study_row(lab, study["id"])
    assert (books["steps_lost"], books["steps_spent"], books["steps_reserved"]) == (10, 0, 64)


def test_a_lease_that_has_not_expired_is_left_alone(lab: Lab) -> None:
    lab.create(trials=1)
    attempt = Slot(lab).claim()
    attended(lab)
    assert mark_expired(lab.context) == []
    assert attempt_row(lab, attempt.id)["claimable_at"] is None


def test_nothing_is_marked_while_no_api_was_seen(lab: Lab) -> None:
    attempt = _expired(lab)
    _note(lab, api_seen_at=-11.0)  # more than two sweeps of 5 seconds ago
    assert mark_expired(lab.context) == []
    assert attempt_row(lab, attempt.id)["claimable_at"] is None


def test_nothing_is_marked_for_a_lease_after_an_api_came_back(lab: Lab) -> None:
    attempt = _expired(lab)
    _note(lab, api_seen_at=-11.0)
    note_api_seen(lab.context)
    assert mark_expired(lab.context) == []
    _note(lab, quiet_until=-0.001)  # that lease is over
    assert mark_expired(lab.context) == [attempt.id]


def test_nothing_is_marked_for_a_lease_after_a_gap_of_the_sweep(lab: Lab) -> None:
    _expired(lab)
    _note(lab, last_sweep_at=-61.0)
    assert mark_expired(lab.context) == []
    assert mark_expired(lab.context) == []


def test_the_first_sweep_ever_hears_the_nodes_first(lab: Lab) -> None:
    lab.create(trials=1)
    attempt = Slot(lab).claim()
    expire(lab, attempt)
    note_api_seen(lab.context)
    assert mark_expired(lab.context) == []


def test_a_marked_attempt_is_not_claimed_while_the_nodes_are_heard(lab: Lab) -> None:
    lab.create(trials=1)
    attempt = Slot(lab).claim()
    lapse(lab, attempt)
    _note(lab, quiet_until=30.0)
    assert Slot(lab, worker="w2").ask().status_code == 204
    _note(lab, quiet_until=-0.001)
    assert Slot(lab, worker="w2").ask().status_code == 200


def test_a_drained_worker_is_told_to_stop(lab: Lab) -> None:
    lab.create()
    worker = {"worker": "w1", "boot_id": "b", "name": "n", "version": "1", "slots": []}
    lab.client.post("/v1/workers", json=worker)
    attempt = Slot(lab).claim()
    assert attempt.heartbeat(1).json()["command"] == "continue"
    lab.client.post("/v1/workers/w1/drain")
    assert attempt.heartbeat(2).json()["command"] == "stop"


def test_a_paused_study_tells_its_workers_to_stop(lab: Lab) -> None:
    study = lab.create()
    attempt = Slot(lab).claim()
    lab.client.post(f"/v1/studies/{study['id']}/pause")
    assert attempt.heartbeat(1).json() == {"command": "stop", "lease_seconds": 60.0}
    assert attempt.finish("preempted", 1).json()["state"] == "waiting"


def test_a_heartbeat_brings_code_and_logs(lab: Lab) -> None:
    lab.create()
    attempt = Slot(lab).claim()
    said = {"stdout": "a\nb\nc\n", "stderr": "oh\n"}
    attempt.heartbeat(4, code={"commit": "abc", "digest": None}, logs=said)
    found = lab.get(f"/v1/attempts/{attempt.id}")
    assert (found["state"], found["last_step"]) == ("running", 4)
    assert found["code"] == {"commit": "abc", "digest": None}
    logs = lab.get(f"/v1/attempts/{attempt.id}/logs?tail=2")
    assert (logs["stdout"], logs["stderr"]) == ("b\nc\n", "oh\n")


def _expired(lab: Lab) -> Attempt:
    lab.create(trials=1)
    attempt = Slot(lab).claim()
    expire(lab, attempt)
    attended(lab)
    return attempt


def _note(lab: Lab, **ago: float) -> None:
    """Set moments relative to now; `quiet_until` follows from nothing else here."""
    with lab.context.database.writing() as connection:
        now = service_state.clock(connection)
        service_state.note(connection, **{name: now + by for name, by in ago.items()})
