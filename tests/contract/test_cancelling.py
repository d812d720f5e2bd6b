"""Cancelling: what runs ends at once, and its books are those of every other end."""

from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from httpx2 import Response
from sqlalchemy import text

from app.domain.ids import StudyId
from app.services.study_states import cancel_study
from tests.contract.lab import STUDY, Lab
from tests.contract.scenes import just_before
from tests.contract.slot import Attempt, Slot, attempt_row
from tests.support.waiting import wait_until

HOLDS_WAITING = "ORDER BY trials.id FOR NO KEY UPDATE"
HOLDS_STUDY = "FROM studies WHERE studies.id = %(id_1)s::VARCHAR FOR NO KEY UPDATE"
AFTERWARDS = "trials"
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


def is_somebody_blocked(lab: Lab) -> bool:
    with lab.context.database.reading() as connection:
        return bool(connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


def test_a_claim_in_the_midst_of_cancelling_its_study_leaves_nothing_running(
    postgres_lab: Lab,
) -> None:
    lab = postgres_lab  # SQLite has one writer at a time
    study_id = StudyId(lab.create()["id"])
    claimed: list[Attempt] = []
    with just_before(lab, (HOLDS_WAITING, lambda: claimed.append(Slot(lab).claim()))):
        cancel_study(lab.context, study_id)
    assert lab.study(study_id)["state"] == "cancelled"
    assert {trial["state"] for trial in lab.trials(study_id)} == {"cancelled"}
    assert attempt_row(lab, claimed[0].id)["state"] == "cancelled"
    assert lab.study(study_id)["budget"]["steps"]["reserved"] == 0
    assert claimed[0].heartbeat().json()["command"] == "cancel"


def test_a_claim_of_a_trial_that_came_to_wait_while_its_study_is_cancelled_is_no_deadlock(
    postgres_lab: Lab,
) -> None:
    lab = postgres_lab
    study_id = StudyId(lab.create(trials=1)["id"])
    claimed: list[Attempt] = []
    asked: list[Future[Response]] = []

    def give_back() -> None:
        assert claimed[0].finish("preempted", 4).status_code == 200

    with ThreadPoolExecutor(1) as pool:

        def ask() -> None:
            asked.append(pool.submit(Slot(lab, slot="1").ask))
            wait_until(lambda: is_somebody_blocked(lab), what="a claim that waits for the study")

        scenes = (
            (HOLDS_WAITING, lambda: claimed.append(Slot(lab).claim())),
            (HOLDS_STUDY, give_back),
            (AFTERWARDS, ask),
        )
        with just_before(lab, *scenes):
            cancel_study(lab.context, study_id)
        assert asked[0].result().status_code in (200, 204), "before the cancel or after it"
    assert {trial["state"] for trial in lab.trials(study_id)} == {"cancelled"}
