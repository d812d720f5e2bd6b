"""What the service knows of its nodes: what they offer, what their slots do and did, their GPUs."""

from typing import Any

import pytest

from app.conductor.sweep import sweep_leases
from tests.contract.lab import STUDY, Lab
from tests.contract.slot import Slot, attended, expire, lapse

Json = Any  # JSON, as the contract says
GPU = {"id": "GPU-a", "name": "H100", "memory_bytes": 80_000}


def register(lab: Lab, *slots: Json, worker: str = "w1", **said: Json) -> Json:
    body = {
        "worker": worker,
        "boot_id": "boot",
        "name": f"node of {worker}",
        "version": "1.2.3",
        "slots": list(slots),
        "commands": True,
        **said,
    }
    answer = lab.client.post("/v1/workers", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def only_worker(lab: Lab) -> Json:
    (found,) = lab.get("/v1/workers")["items"]
    return found


def metric(lab: Lab, name: str) -> float | None:
    """One sample of /metrics, by its name with labels."""
    lines = lab.client.get("/metrics").text.splitlines()
    found = [line.rpartition(" ")[2] for line in lines if line.rpartition(" ")[0] == name]
    return float(found[0]) if found else None


def test_a_worker_shows_what_it_offers(lab: Lab) -> None:
    slot = {"slot": "0", "gpus": 1, "queue": "gpu-1", "devices": [GPU]}
    register(lab, slot, labels={"pool": "a"}, entrypoints=["train"])
    found = only_worker(lab)
    assert (found["version"], found["labels"]) == ("1.2.3", {"pool": "a"})
    assert (found["entrypoints"], found["commands"]) == (["train"], True)
    assert found["is_live"] is True
    assert found["slots"] == [{**slot, "problem": None, "state": "idle", "attempts": []}]


def test_a_slot_shows_its_last_attempts_newest_first(lab: Lab) -> None:
    register(lab, {"slot": "0"}, {"slot": "1"})
    lab.create(trials=9)
    done = [Slot(lab).claim() for _ in range(6)]
    done[-1].run()
    running = Slot(lab).claim()
    Slot(lab, worker="somebody else").claim()
    used, unused = only_worker(lab)["slots"]
    assert (used["state"], unused["state"], unused["attempts"]) == ("busy", "idle", [])
    assert len(used["attempts"]) == 5, "the last ones"
    newest, before = used["attempts"][:2]
    assert (newest["id"], newest["state"], newest["ended_at"]) == (running.id, "leased", None)
    assert (before["id"], before["state"], before["reason"]) == (
        done[-1].id,
        "succeeded",
        "completed",
    )
    assert before["started_at"] <= before["ended_at"] <= newest["started_at"]


def test_a_quarantined_slot_says_why_and_is_counted_as_none(lab: Lab) -> None:
    register(lab, {"slot": "0", "gpus": 1, "devices": [GPU]})
    job = {**STUDY["job"], "gpus": 1}
    study_id = lab.create(job=job)["id"]
    assert lab.study(study_id)["waiting_for"] == "trials"
    why = "GPU GPU-a has 60 of 80 MiB in use"
    register(lab, {"slot": "0", "gpus": 1, "devices": [GPU], "problem": why})
    (slot,) = only_worker(lab)["slots"]
    assert (slot["state"], slot["problem"]) == ("quarantined", why)
    assert lab.study(study_id)["waiting_for"] == "worker"
    register(lab, {"slot": "0", "gpus": 1, "devices": [GPU]})
    assert lab.study(study_id)["waiting_for"] == "trials"


def test_saying_it_again_takes_back_neither_a_drain_nor_a_cordon(lab: Lab) -> None:
    register(lab, {"slot": "0"})
    for what, state in (("drain", "draining"), ("cordon", "cordoned"), ("uncordon", "active")):
        lab.client.post(f"/v1/workers/w1/{what}")
        assert register(lab, {"slot": "0"})["state"] == state


def test_an_attempt_keeps_what_its_gpus_did(lab: Lab) -> None:
    job = {**STUDY["job"], "gpus": 1}
    lab.create(job=job)
    attempt = Slot(lab, offers={"commands": True, "gpus": 1}).claim()
    for utilisation, used in ((0.2, 10), (0.9, 40), (None, 20)):
        reading = {
            "id": "GPU-a",
            "utilisation": utilisation,
            "memory_bytes": used,
            "name": "H100",
            "memory_total_bytes": 80,
        }
        assert attempt.heartbeat(2, gpu=[reading]).status_code == 200
    attempt.measure([64], [0.5])
    attempt.finish(gpu=[{"id": "GPU-a", "utilisation": 0.7, "memory_bytes": 30}])
    (use,) = lab.get(f"/v1/attempts/{attempt.id}")["gpus"]
    assert use == {
        "id": "GPU-a",
        "name": "H100",
        "memory_bytes": 80,
        "peak_memory_bytes": 40,
        "mean_utilisation": pytest.approx(0.6),
        "readings": 3,
    }
    assert lab.get(f"/v1/trials/{attempt.trial_id}")["attempts"][0]["gpus"] == [use]


def test_metrics_say_how_the_fleet_stands(lab: Lab) -> None:
    assert metric(lab, "paceline_slot_idle_share") is None
    register(lab, {"slot": "0"}, {"slot": "1"}, {"slot": "2", "problem": "GPU in use"})
    assert metric(lab, 'paceline_queue_depth{gpus="0",queue="cpu"}') == 0
    register(lab, {"slot": "0"}, worker="w2")
    lab.client.post("/v1/workers/w2/cordon")
    lab.create(trials=8)
    lab.create(name="large", trials=8, job={**STUDY["job"], "gpus": 4})
    Slot(lab).claim()
    assert metric(lab, 'paceline_queue_depth{gpus="0",queue="cpu"}') == 7
    assert metric(lab, 'paceline_queue_depth{gpus="4",queue="gpu-4"}') == 8
    states = ("idle", "busy", "quarantined", "out_of_service")
    assert [metric(lab, f'paceline_slots{{state="{state}"}}') for state in states] == [1, 1, 1, 1]
    assert metric(lab, "paceline_slot_idle_share") == 0.25
    assert metric(lab, 'paceline_claim_seconds_count{outcome="claimed"}') == 1


def test_metrics_count_lapsed_leases_and_fenced_writes(lab: Lab) -> None:
    lab.create(trials=8)
    first, second = Slot(lab).claim(), Slot(lab, slot="1").claim()
    assert metric(lab, "paceline_lease_expiries_total") == 0
    lapse(lab, first)
    expire(lab, second)
    attended(lab)
    sweep_leases(lab.context)
    assert metric(lab, "paceline_lease_expiries_total") == 2
    assert metric(lab, "paceline_fenced_writes_total") == 0
    Slot(lab, worker="w2").claim()  # takes one of them over
    Slot(lab, worker="w2", slot="1").claim()
    assert {first.heartbeat(4).status_code, second.heartbeat(4).status_code} == {409}
    assert metric(lab, "paceline_fenced_writes_total") == 2
