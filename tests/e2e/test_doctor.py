"""A node of a real fleet is asked how it is, with a token that may run trials and nothing else; and
what its worker logged about an attempt carries the ids that the API knows."""

import json
from typing import Any

import pytest

from tests.e2e.services import Production, is_settled
from tests.e2e.trainers import Bench
from tests.support.waiting import wait_until

Json = Any  # JSON, as the contract says
pytestmark = pytest.mark.slow
OF_THE_MACHINE = {"shared memory", "open files", "free room"}  # may warn wherever the tests run


def test_a_node_that_works_is_well_and_one_with_another_store_is_told(
    production: Production,
) -> None:
    service = production.prepare()
    production.start_api()
    production.start_conductor()
    made = service.client.post("/v1/tokens", {"name": "node", "scopes": ["workers"]})
    token_file = production.fleet.folder / "node-token"
    token_file.write_text(made["token"])
    worker = production.start_worker("node", token_file)
    flags = ["--url", production.url, "--token-file", str(token_file), "--allow-commands"]

    def doctor(*words: str, store: str = production.store) -> tuple[int, dict[str, Json]]:
        told = [*flags, "--store", store, "--broker", production.broker, *words]
        directory = production.fleet.folder / "node"
        done = production.fleet.call("doctor", "--node", "--json", *told, directory=directory)
        assert done.stdout, done.stderr
        return done.returncode, {one["check"]: one for one in json.loads(done.stdout)}

    wait_until(lambda: doctor()[1]["broker"]["state"] == "ok", seconds=60, what="the broker's mark")
    exit_code, found = doctor()
    trouble = [one for one in found.values() if one["state"] != "ok"]
    assert {one["check"] for one in trouble} <= OF_THE_MACHINE, trouble
    assert exit_code == 0
    assert f"worker {worker.popen.pid}" in found["slots"]["seen"]
    elsewhere = production.fleet.folder / "elsewhere"
    elsewhere.mkdir()
    exit_code, found = doctor(store=elsewhere.as_uri())
    assert (exit_code, found["shared store"]["state"]) == (1, "fail")
    assert production.store in found["shared store"]["seen"]


def test_what_a_worker_logs_of_an_attempt_carries_the_ids_that_the_api_knows(
    production: Production, bench: Bench
) -> None:
    service = production.prepare()
    production.start_api()
    production.start_conductor()
    worker = production.start_worker("node", service.token_file)
    study_id = service.client.post("/v1/studies", bench.definition(trials=1))["id"]
    service.until_study(study_id, is_settled, "the review")
    (trial,) = service.trials(study_id)
    lines = [json.loads(line) for line in worker.log.splitlines() if line.startswith("{")]
    (ended,) = [line for line in lines if line["event"] == "attempt ended"]
    attempt_id = trial["attempts"][0]["id"]
    known = {"study_id": study_id, "trial_id": trial["id"], "attempt_id": attempt_id, "slot": "0"}
    assert {name: ended[name] for name in known} == known
