"""A whole study on the embedded service, by HTTP: posted, trained, judged, accepted, completed."""

import json
from typing import Any
from urllib.parse import urlparse

import pytest

from paceline.client import Client
from tests.e2e.services import Embedded, Service, is_settled
from tests.e2e.trainers import Bench

Json = Any  # JSON, as the contract says
pytestmark = pytest.mark.slow
GRID = list(range(2, 65, 2))


def test_study_goes_from_post_to_completed_and_each_trial_is_trained_once(
    embedded: Embedded, bench: Bench
) -> None:
    embedded.start()
    service = embedded.service
    study_id = service.client.post("/v1/studies", bench.definition())["id"]

    reviewed = service.until_study(study_id, is_settled, "the first recommendation")
    assert reviewed["waiting_for"] == "acceptance"
    assert reviewed["rounds"][0]["counts"]["completed"] == 8
    first = service.client.get(f"/v1/studies/{study_id}/recommendation")
    assert first["proposal"]["max_train_steps"] > 0
    accepted = service.accept(reviewed)
    assert accepted["round"] == 2
    again = service.accept(reviewed)
    assert again["round"] == 2, "accepting twice opens one round"

    study = service.accept_all(study_id)
    assert study["state"] == "completed"
    assert study["rounds"][-1]["purpose"] == "final"
    assert_trained_once(service, bench, study_id)
    assert_best_is_at_hand(service.client, study)


def assert_trained_once(service: Service, bench: Bench, study_id: str) -> None:
    for trial in service.trials(study_id):
        assert trial["state"] == "completed", trial
        assert [attempt["state"] for attempt in trial["attempts"]] == ["succeeded"]
        resumed = trial["resume"]["step"] if trial["resume"] else 0
        assert bench.starts(trial["id"]) == [resumed]
        assert bench.ends(trial["id"]) == [trial["max_train_steps"]]
        if trial["round"] == 1:
            assert service.curve_steps(trial["id"]) == GRID


def assert_best_is_at_hand(client: Client, study: Json) -> None:
    best = study["best"]
    trial = client.get(f"/v1/trials/{best['trial_id']}")
    assert trial["best_value"] == pytest.approx(best["value"])
    folder = urlparse(best["checkpoint"]["store"]).path
    with open(f"{folder}/{best['checkpoint']['key']}") as saved:
        assert json.load(saved) == {"step": best["checkpoint"]["step"]}


def test_program_that_knows_files_alone_takes_part(embedded: Embedded, bench: Bench) -> None:
    embedded.start()
    service = embedded.service
    job = bench.job(command=["python", "files_alone.py"], resumable=False)
    definition = bench.definition(job=job, trials=3)
    study_id = service.client.post("/v1/studies", definition)["id"]
    service.until_study(study_id, is_settled, "the review")
    for trial in service.trials(study_id):
        assert trial["state"] == "completed"
        assert not trial["censored"]
        assert service.curve_steps(trial["id"]) == GRID


def test_autopilot_runs_the_study_to_its_end_alone(embedded: Embedded, bench: Bench) -> None:
    embedded.start()
    service = embedded.service
    definition = bench.definition(autopilot="on")
    study_id = service.client.post("/v1/studies", definition)["id"]
    study = service.until_study(study_id, is_settled, "the end")
    assert study["state"] == "completed", study["waiting_for"]
    horizons = {one["max_train_steps"] for one in study["rounds"] if one["purpose"] == "final"}
    assert horizons == {64}, "64 steps are right for this training, and the checks show it"
