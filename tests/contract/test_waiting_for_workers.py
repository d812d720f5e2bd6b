"""A study that waits for a worker says what is missing, by the workers that are there."""

from typing import Any

import pytest
from sqlalchemy import update

from app.db.tables import workers
from tests.contract.lab import Lab

Json = Any  # JSON, as the contract says
SLOT = {"slot": "0", "gpus": 1, "queue": "gpu-1", "devices": []}
NODE = {
    "worker": "w1",
    "boot_id": "b",
    "name": "n",
    "version": "1",
    "slots": [SLOT],
    "entrypoints": ["train"],
    "commands": True,
    "labels": {"zone": "a"},
}
JOB = {"command": ["x"], "gpus": 1, "labels": {"zone": "a"}}


def why(lab: Lab, job: Json) -> str | None:
    study = lab.study(lab.create(name="waits", job=job)["id"])
    assert study["waiting_for"] == ("worker" if study["waits_because"] else "trials")
    return study["waits_because"]  # type: ignore[no-any-return]  # the answer is JSON


@pytest.mark.parametrize(
    ("node", "job", "said"),
    [
        ({}, {}, None),
        ({"commands": False}, {}, "runs commands: start one with --allow-commands"),
        ({}, {"command": None, "entrypoint": "other"}, "runs the entrypoint other"),
        ({"labels": {"zone": "b"}}, {}, "has the labels zone=a"),
        ({}, {"gpus": 2}, "no slot with 2 GPUs"),
        ({"slots": [{**SLOT, "problem": "GPU-1 is in use"}]}, {}, "has a problem: GPU-1 is in use"),
    ],
)
def test_what_is_missing_is_said(lab: Lab, node: Json, job: Json, said: str | None) -> None:
    assert lab.client.post("/v1/workers", json=NODE | node).status_code == 201
    wanted = {key: value for key, value in (JOB | job).items() if value is not None}
    found = why(lab, wanted)
    assert found is None if said is None else said in str(found)


def test_workers_that_are_gone_or_cordoned_are_none(lab: Lab) -> None:
    assert "no worker that takes work is there" in str(why(lab, JOB))
    assert lab.client.post("/v1/workers", json=NODE).status_code == 201
    assert why(lab, JOB) is None
    assert lab.client.post("/v1/workers/w1/cordon").status_code == 200
    assert "cordoned" in str(why(lab, JOB))
    assert lab.client.post("/v1/workers/w1/uncordon").status_code == 200
    with lab.context.database.writing() as connection:
        connection.execute(update(workers).values(last_seen_at=workers.c.last_seen_at - 600))
    assert "away" in str(why(lab, JOB))
