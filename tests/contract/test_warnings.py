"""What a study says about the nodes there are: a job too large for any slot, stores not shared."""

from typing import Any

from tests.contract.lab import STUDY, Lab

Json = Any  # JSON, as the contract says


def register(lab: Lab, name: str, gpus: int = 0, nonce: str | None = None, **said: Json) -> None:
    body = {
        "worker": name,
        "boot_id": "boot",
        "name": name,
        "version": "1",
        "store": "file:///store",
        "store_nonce": nonce,
        "slots": [{"slot": "0", "gpus": gpus, "queue": "cpu"}],
        "entrypoints": [],
        "commands": True,
        **said,
    }
    answer = lab.client.post("/v1/workers", json=body)
    assert answer.status_code < 300, answer.text


def test_a_job_too_large_for_every_slot_is_accepted_with_a_warning_that_names_the_largest(
    lab: Lab,
) -> None:
    job = {**STUDY["job"], "gpus": 4}
    (first,) = lab.create(job=job)["warnings"]
    assert "none is registered" in first
    register(lab, "small", gpus=1)
    register(lab, "large", gpus=2)
    study = lab.create(job=job)
    told = study["warnings"][0]
    assert "the 4 GPUs" in told
    assert "the largest holds 2" in told
    assert study["waiting_for"] == "worker"
    register(lab, "larger", gpus=4)
    study = lab.study(study["id"])
    assert not any("GPUs" in words for words in study["warnings"])
    assert study["waiting_for"] == "trials"


def test_labels_that_nobody_has_are_named_and_waited_for(lab: Lab) -> None:
    job = {**STUDY["job"], "labels": {"pool": "a", "zone": "eu"}}
    study_id = lab.create(job=job)["id"]
    (told,) = lab.study(study_id)["warnings"]
    assert "pool=a, zone=eu (none is registered yet)" in told
    register(lab, "plain", labels={})
    register(lab, "pooled", labels={"pool": "a"})
    study = lab.study(study_id)
    (told,) = [words for words in study["warnings"] if "labels" in words]
    assert "zone=eu (2 registered, with pool=a)" in told
    assert study["waiting_for"] == "worker"
    register(lab, "right", labels={"pool": "a", "zone": "eu", "rack": "7"})
    study = lab.study(study_id)
    assert not any("labels" in words for words in study["warnings"])
    assert study["waiting_for"] == "trials"


def test_a_worker_that_does_not_say_its_labels_may_have_any(lab: Lab) -> None:
    register(lab, "silent")
    study = lab.create(job={**STUDY["job"], "labels": {"pool": "a"}})
    assert (study["warnings"], study["waiting_for"]) == ([], "trials")


def test_nodes_that_do_not_share_a_store_are_named_once_there_are_several(lab: Lab) -> None:
    study_id = lab.create()["id"]
    assert lab.study(study_id)["warnings"] == []
    register(lab, "one")
    assert lab.study(study_id)["warnings"] == [], "alone it needs nobody else's store"
    register(lab, "two")
    (told,) = lab.study(study_id)["warnings"]
    assert "one, two" in told
    assert "--store" in told
    once = lab.create(job={**STUDY["job"], "resumable": False})["id"]
    assert lab.study(once)["warnings"] == [], "a job that never resumes reads no checkpoint"
