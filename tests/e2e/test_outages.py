"""What stops and comes back while trainings run: the API, Redis. No training notices."""

import time
from typing import Any

import pytest
import redis

from tests.e2e.processes import LEASE_SECONDS
from tests.e2e.services import Production, Service, is_settled
from tests.e2e.trainers import Bench
from tests.support.redis import RedisServer
from tests.support.waiting import wait_until

Json = Any  # JSON, as the contract says
pytestmark = pytest.mark.slow
GRID = list(range(2, 65, 2))


def assert_untouched(service: Service, bench: Bench, study_id: str) -> None:
    """Every trial has one attempt, one start in the ledger, and a curve without a gap."""
    for trial in service.trials(study_id):
        assert trial["state"] == "completed"
        assert [a["state"] for a in trial["attempts"]] == ["succeeded"]
        assert bench.starts(trial["id"]) == [0]
        assert bench.ends(trial["id"]) == [64]
        assert service.curve_steps(trial["id"]) == GRID


def test_api_that_is_away_for_two_leases_stops_no_training(
    production: Production, bench: Bench
) -> None:
    service = production.prepare()
    api = production.start_api()
    production.start_conductor()
    production.start_worker("node", service.token_file, "--slots", "2")
    bench.pause(0.25)
    study_id = service.client.post("/v1/studies", bench.definition(trials=2))["id"]
    wait_until(lambda: len(bench.entries("step")) > 10, seconds=40, what="both trainings to run")

    assert api.stop() == 0, api.log
    gone_at, steps = time.monotonic(), len(bench.entries("step"))
    wait_until(
        lambda: time.monotonic() > gone_at + 2 * LEASE_SECONDS + 1, seconds=30, what="two leases"
    )
    assert len(bench.entries("step")) > steps + 20, "both trainings went on alone"
    assert not bench.entries("end"), "they still run when the API comes back"

    production.start_api()
    bench.pause(0.0)
    service.until_study(study_id, is_settled, "the review")
    assert_untouched(service, bench, study_id)


def test_redis_that_forgets_and_dies_loses_nothing(
    production: Production, redis_server: RedisServer, bench: Bench
) -> None:
    service = production.prepare()
    production.start_api()
    conductor = production.start_conductor()
    worker = production.start_worker("node", service.token_file, "--slots", "2")
    bench.pause(0.02)
    study_id = service.client.post("/v1/studies", bench.definition(trials=6))["id"]
    wait_until(lambda: bench.entries("step"), seconds=40, what="a training to run")
    with redis.Redis.from_url(redis_server.url) as broker:
        broker.flushall()
    wait_until(lambda: len(bench.entries("end")) >= 2, seconds=40, what="two trials to end")
    redis_server.kill()
    second = service.client.post("/v1/studies", bench.definition(trials=2, name="second"))["id"]
    service.until_study(study_id, is_settled, "the first study's review without Redis")
    redis_server.start()
    service.until_study(second, is_settled, "the second study's review")
    assert worker.is_running
    assert conductor.is_running
    assert_untouched(service, bench, study_id)
    assert_untouched(service, bench, second)
