"""Cancelling: what runs ends at once, and its books are those of every other end."""

import pytest

from tests.contract.lab import STUDY, Lab
from tests.contract.slot import Slot, attempt_row

GPU_JOB = {**STUDY["job"], "gpus": 1}
GPU_SLOT = {"commands": True, "gpus": 1}


@pytest.mark.parametrize("whole_study", [True, False])
def test_a_cancelled_attempt_books_what_it_did_and_gives_the_rest_back(
    lab: Lab, whole_study: bool
) -> None:
    study_id = lab.create(job=GPU_JOB)["id"]
    attempt = Slot(lab, offers=GPU_SLOT).claim()
    attempt.measure([2, 4, 6], [0.9, 0.8, 0.7])
    path = f"studies/{study_id}" if whole_study else f"trials/{attempt.trial_id}"
    answer = lab.client.post(f"/v1/{path}/cancel")
    assert answer.status_code == 200, answer.text
    steps = lab.study(study_id)["budget"]["steps"]
    assert (steps["spent"], steps["reserved"], steps["lost"]) == (6, 0, 0)
    seconds = lab.study(study_id)["budget"]["gpu_seconds"]
    assert seconds["spent"] > 0
    assert (seconds["reserved"], seconds["overrun"]) == (0, 0), "without a limit nothing overruns"
    assert attempt_row(lab, attempt.id)["state"] == "cancelled"
    assert lab.get(f"/v1/trials/{attempt.trial_id}")["state"] == "cancelled"
    assert attempt.heartbeat(8).json()["command"] == "cancel"


def test_cancelling_the_last_trial_that_runs_sends_its_round_to_review(lab: Lab) -> None:
    study_id = lab.create(trials=1)["id"]
    attempt = Slot(lab).claim()
    assert lab.client.post(f"/v1/trials/{attempt.trial_id}/cancel").status_code == 200
    study = lab.study(study_id)
    assert (study["rounds"][0]["state"], study["waiting_for"]) == ("in_review", "review")
