"""One node with slots of several shapes, and the same worker under Celery's own command: real
services, GPUs out of a file.
"""

import json
import sys
from pathlib import Path

import pytest

from tests.e2e.services import Production, Service, is_settled
from tests.e2e.trainers import TRAIN, Bench
from tests.support.waiting import wait_until

STARTED = 'event="start",'
SAYS_ITS_GPUS = TRAIN.replace(STARTED, f'{STARTED} gpus=os.environ["CUDA_VISIBLE_DEVICES"],')
DEVICES = {"0": "GPU-0,GPU-1", "1": "GPU-2", "2": "GPU-3"}  # of the shapes 2,1,1


@pytest.fixture
def gpus(tmp_path: Path) -> Path:
    """Four GPUs that nobody uses."""
    path = tmp_path / "gpus.json"
    path.write_text(json.dumps([{"id": f"GPU-{number}"} for number in range(4)]))
    return path


def post(service: Service, bench: Bench, gpus: int, trials: int) -> str:
    """A study whose job asks for so many GPUs."""
    job = bench.job(gpus=gpus)
    definition = bench.definition(name=f"of-{gpus}", job=job, trials=trials)
    return str(service.client.post("/v1/studies", definition)["id"])


def until_started(bench: Bench, count: int) -> None:
    what = f"{count} trainings to run"
    wait_until(lambda: len(bench.entries("start")) == count, seconds=60, what=what)


@pytest.mark.slow
def test_jobs_of_two_sizes_run_at_the_same_time_each_on_gpus_of_its_own(
    production: Production, bench: Bench, gpus: Path
) -> None:
    (bench.folder / "train.py").write_text(SAYS_ITS_GPUS)
    service = production.prepare()
    production.start_api()
    production.start_conductor()
    shapes = ("--gpus-per-slot", "2,1,1", "--simulated-gpus", str(gpus))
    production.start_worker("node", service.token_file, *shapes)
    (worker,) = service.client.get("/v1/workers")["items"]
    offered = [(slot["slot"], slot["queue"], slot["gpus"]) for slot in worker["slots"]]
    assert sorted(offered) == [("0", "gpu-2", 2), ("1", "gpu-1", 1), ("2", "gpu-1", 1)]

    bench.pause(0.2)
    studies = [post(service, bench, gpus=2, trials=1)]
    until_started(bench, 1)
    studies.append(post(service, bench, gpus=1, trials=2))
    until_started(bench, 3)
    assert not bench.entries("end"), "all three train at the same time"
    bench.pause(0.0)
    for study_id in studies:
        service.until_study(study_id, is_settled, "the review")

    seen = {line["trial"]: line["gpus"] for line in bench.entries("start")}
    trials = [trial for study_id in studies for trial in service.trials(study_id)]
    assert [trial["state"] for trial in trials] == ["completed"] * 3
    slots = {trial["id"]: trial["attempts"][0]["slot"] for trial in trials}
    assert slots[trials[0]["id"]] == "0", "no other slot holds two GPUs"
    assert sorted(slots.values()) == ["0", "1", "2"]
    assert seen == {trial_id: DEVICES[slot] for trial_id, slot in slots.items()}


@pytest.mark.slow
def test_worker_under_celerys_own_command_trains_what_its_queues_bring(
    production: Production, bench: Bench, gpus: Path
) -> None:
    (bench.folder / "train.py").write_text(SAYS_ITS_GPUS)
    service = production.prepare()
    production.start_api()
    production.start_conductor()
    celery = (sys.executable, "-m", "celery", "-A", "workers.celery_app")
    worker = production.fleet.start(
        "celery",
        *("worker", "-P", "threads", "-c", "1", "-Q", "gpu-2,gpu-1", "--loglevel=WARNING"),
        program=celery,
        environment={
            "PACELINE_URL": production.url,
            "PACELINE_TOKEN_FILE": str(service.token_file),
            "PACELINE_BROKER": production.broker,
            "PACELINE_STORE": production.store,
            "PACELINE_ALLOW_COMMANDS": "true",
            "PACELINE_SIMULATED_GPUS": str(gpus),
        },
    )
    worker.until(lambda: "worker registered" in worker.log, "celery's worker to register")
    for size in (2, 1):
        study_id = post(service, bench, gpus=size, trials=1)
        service.until_study(study_id, is_settled, "the review")
        (trial,) = service.trials(study_id)
        assert trial["state"] == "completed", worker.log
    first, second = (line["gpus"] for line in bench.entries("start"))
    assert first == "GPU-0,GPU-1"
    assert second in ("GPU-0,GPU-1", "GPU-2"), "a larger slot may take the smaller job"
    assert worker.stop() == 0, worker.log
