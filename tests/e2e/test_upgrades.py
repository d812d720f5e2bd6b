"""An upgrade with attempts running: API and conductor are stopped and started again, then a worker
is drained and replaced."""

from typing import Any

import pytest

from tests.e2e.services import Production, is_settled
from tests.e2e.test_outages import assert_untouched
from tests.e2e.trainers import Bench
from tests.support.waiting import wait_until

Json = Any  # JSON, as the contract says
pytestmark = pytest.mark.slow


def test_api_and_conductor_are_replaced_while_attempts_run(
    production: Production, bench: Bench
) -> None:
    service = production.prepare()
    api, conductor = production.start_api(), production.start_conductor()
    production.start_worker("node", service.token_file, "--slots", "2")
    bench.pause(0.6)
    study_id = service.client.post("/v1/studies", bench.definition(trials=2))["id"]
    wait_until(lambda: len(bench.entries("step")) > 10, seconds=60, what="both trainings to run")

    assert conductor.stop() == 0, conductor.log
    assert api.stop() == 0, api.log
    upgraded = production.fleet.call("db", "upgrade", "--database-url", production.database_url)
    assert upgraded.returncode == 0, upgraded.stderr
    production.start_api()
    production.start_conductor()
    assert not bench.entries("end"), "both still train after the upgrade"
    bench.pause(0.0)
    service.until_study(study_id, is_settled, "the review")
    assert_untouched(service, bench, study_id)


def test_a_drained_worker_is_replaced_and_its_trials_go_on_elsewhere(
    production: Production, bench: Bench
) -> None:
    service = production.prepare()
    production.start_api()
    production.start_conductor()
    old = production.start_worker("old", service.token_file)
    bench.pause(0.1)
    study_id = service.client.post("/v1/studies", bench.definition(trials=1))["id"]
    wait_until(lambda: len(bench.entries("step")) > 10, seconds=60, what="the training to run")
    access = ("--url", production.url, "--token-file", str(service.token_file))
    drained = production.fleet.call("worker", "drain", "old", *access)
    assert drained.returncode == 0, drained.stderr
    wait_until(lambda: _slots(service.client) == ["out_of_service"], seconds=60, what="the drain")
    assert old.stop() == 0, old.log
    production.start_worker("new", service.token_file)
    bench.pause(0.0)
    service.until_study(study_id, is_settled, "the review")
    (trial,) = service.trials(study_id)
    assert [one["state"] for one in trial["attempts"]] == ["preempted", "succeeded"]
    assert bench.starts(trial["id"])[1] > 0, "it went on from its checkpoint"


def _slots(client: Any) -> list[str]:  # Any: a Client
    items = client.get("/v1/workers")["items"]
    return [slot["state"] for item in items for slot in item["slots"]]
