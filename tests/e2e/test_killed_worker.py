"""PostgreSQL, Redis, API, conductor and two Celery workers: one of them is killed mid-trial."""

from typing import Any

import pytest

from tests.e2e.services import Production, Service, is_settled
from tests.e2e.trainers import Bench
from tests.support.waiting import wait_until

Json = Any  # JSON, as the contract says
pytestmark = pytest.mark.slow
GRID = list(range(2, 65, 2))


def trial_of(service: Service, study_id: str, worker: str) -> Json:
    """The trial that this worker trains, once it has saved something past step 10."""
    for trial in service.trials(study_id):
        held = trial["state"] == "running" and trial["attempts"][-1]["worker"] == worker
        if held and any(c["step"] > 10 for c in trial["checkpoints"]):
            return trial
    return None


def worker_ids(service: Service) -> dict[str, str]:
    """The workers' ids by name."""
    items = service.client.get("/v1/workers")["items"]
    return {item["name"]: item["id"] for item in items}


def test_killed_worker_loses_nothing_and_runs_nothing_twice(
    production: Production, bench: Bench
) -> None:
    service = production.prepare()
    production.start_api()
    production.start_conductor()
    doomed = production.start_worker("doomed", service.token_file)
    production.start_worker("steady", service.token_file)
    bench.pause(0.05)
    definition = bench.definition(trials=6, autopilot="on")
    study_id = service.client.post("/v1/studies", definition)["id"]
    ids = worker_ids(service)
    interrupted = wait_until(
        lambda: trial_of(service, study_id, ids["doomed"]),
        seconds=60,
        what="the doomed worker to be in the middle of a trial",
    )
    doomed.kill()
    bench.pause(0.0)

    study = service.until_study(study_id, is_settled, "the study's end")
    assert study["state"] == "completed", study["waiting_for"]
    for trial in service.trials(study_id):
        assert trial["state"] == "completed"
        assert bench.ends(trial["id"]) == [trial["max_train_steps"]], "finished exactly once"
        if trial["round"] == 1:
            assert service.curve_steps(trial["id"]) == GRID
    trial = service.client.get(f"/v1/trials/{interrupted['id']}")
    assert [a["state"] for a in trial["attempts"]] == ["lost", "succeeded"]
    assert [a["worker"] for a in trial["attempts"]] == [ids["doomed"], ids["steady"]]
    from_step = trial["attempts"][1]["start_step"]
    assert from_step >= max(c["step"] for c in interrupted["checkpoints"])
    assert bench.starts(trial["id"]) == [0, from_step]


def test_worker_killed_between_two_trainings_loses_no_trial(
    production: Production, bench: Bench
) -> None:
    service = production.prepare()
    production.start_api()
    production.start_conductor()
    doomed = production.start_worker("doomed", service.token_file)
    definition = bench.definition(trials=3, limits={"rounds": 1})
    study_id = service.client.post("/v1/studies", definition)["id"]
    wait_until(
        lambda: len(bench.entries("start")) == 2,
        seconds=60,
        every=0.005,
        what="the second training, with the first attempt hardly finished",
    )
    doomed.kill()
    production.start_worker("steady", service.token_file)

    service.until_study(
        study_id, lambda study: study["rounds"][0]["counts"]["completed"] == 3, "three trials"
    )
    for trial in service.trials(study_id):
        assert [a["state"] for a in trial["attempts"][:-1]] == ["lost"] * (
            len(trial["attempts"]) - 1
        )
        assert trial["attempts"][-1]["state"] == "succeeded"
        assert service.curve_steps(trial["id"]) == GRID
