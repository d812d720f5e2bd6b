"""Cancelling: what runs ends at once, and its books are those of every other end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from app.domain.ids import StudyId
from app.services.study_states import cancel_study
from tests.contract.lab import STUDY, Lab
from tests.contract.slot import Attempt, Slot, attempt_row

CANCELS_WAITING = "ORDER BY trials.number FOR NO KEY UPDATE"
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


@contextmanager
def just_before(lab: Lab, words: str, do: Callable[[], object]) -> Iterator[None]:
    """Do something once, in a transaction of its own, before the first statement with `words`."""
    waiting = [do]

    def look(connection: object, cursor: object, statement: str, *rest: object) -> None:
        del connection, cursor, rest
        if words in " ".join(statement.split()) and waiting:
            waiting.pop()()

    engine = lab.context.database.engine
    event.listen(engine, "before_cursor_execute", look)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", look)
    assert not waiting, "the moment never came"


def test_a_claim_in_the_midst_of_cancelling_its_study_leaves_nothing_running(
    postgres_lab: Lab,
) -> None:
    lab = postgres_lab  # SQLite has one writer at a time
    study_id = StudyId(lab.create()["id"])
    claimed: list[Attempt] = []
    with just_before(lab, CANCELS_WAITING, lambda: claimed.append(Slot(lab).claim())):
        cancel_study(lab.context, study_id)
    assert lab.study(study_id)["state"] == "cancelled"
    assert {trial["state"] for trial in lab.trials(study_id)} == {"cancelled"}
    assert attempt_row(lab, claimed[0].id)["state"] == "cancelled"
    assert lab.study(study_id)["budget"]["steps"]["reserved"] == 0
    assert claimed[0].heartbeat().json()["command"] == "cancel"
