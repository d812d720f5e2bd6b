"""`paceline up`, killed while it trains, goes on where it was once it is started again."""

from typing import Any

import pytest

from tests.e2e.processes import at_work_in
from tests.e2e.services import Embedded, Service, is_settled
from tests.e2e.trainers import Bench
from tests.support.waiting import wait_until

Json = Any  # JSON, as the contract says
pytestmark = pytest.mark.slow
GRID = list(range(2, 65, 2))


def running_with_checkpoints(service: Service, study_id: str, at_least: int) -> list[Json]:
    """The running trials, once so many of them have saved something past step 10."""
    trials = [trial for trial in service.trials(study_id) if trial["state"] == "running"]
    saved = [t for t in trials if any(c["step"] > 10 for c in t["checkpoints"])]
    return saved if len(saved) >= at_least else []


def test_killed_up_goes_on_from_the_last_checkpoints(embedded: Embedded, bench: Bench) -> None:
    process = embedded.start()
    service = embedded.service
    bench.pause(0.06)
    study_id = service.client.post("/v1/studies", bench.definition(trials=4))["id"]
    interrupted = wait_until(
        lambda: running_with_checkpoints(service, study_id, 2),
        seconds=40,
        what="two trials in the middle of their training",
    )
    process.kill()
    wait_until(
        lambda: not at_work_in(embedded.fleet.folder), seconds=20, what="the trainings to end"
    )
    assert all(not bench.ends(trial["id"]) for trial in interrupted)

    bench.pause(0.0)
    embedded.start()
    service.until_study(study_id, is_settled, "the review")
    for trial in service.trials(study_id):
        assert trial["state"] == "completed"
        assert bench.ends(trial["id"]) == [64]
        assert service.curve_steps(trial["id"]) == GRID
    for before in interrupted:
        trial = service.client.get(f"/v1/trials/{before['id']}")
        assert [a["state"] for a in trial["attempts"]] == ["lost", "succeeded"]
        from_step = trial["attempts"][1]["start_step"]
        assert from_step >= max(c["step"] for c in before["checkpoints"])
        assert bench.starts(trial["id"]) == [0, from_step]


def test_stopped_up_hands_its_trials_back_and_exits_zero(embedded: Embedded, bench: Bench) -> None:
    process = embedded.start()
    service = embedded.service
    bench.pause(0.06)
    study_id = service.client.post("/v1/studies", bench.definition(trials=2))["id"]
    interrupted = wait_until(
        lambda: running_with_checkpoints(service, study_id, 1),
        seconds=40,
        what="a trial in the middle of its training",
    )
    assert process.stop() == 0, process.log

    bench.pause(0.0)
    embedded.start()
    service.until_study(study_id, is_settled, "the review")
    trial = service.client.get(f"/v1/trials/{interrupted[0]['id']}")
    assert [a["state"] for a in trial["attempts"]] == ["preempted", "succeeded"]
    assert service.curve_steps(trial["id"]) == GRID
    assert bench.ends(trial["id"])[-1] == 64
