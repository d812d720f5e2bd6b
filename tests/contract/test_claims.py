"""Claims: who gets which trial, once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contract.lab import STUDY, Lab
from tests.contract.slot import Slot, attempt_row, study_row


def test_a_claim_answers_what_the_contract_lists(lab: Lab) -> None:
    study = lab.create()
    claim = Slot(lab).claim().claim
    assert claim["trial"].keys() == {"id", "study_id", "round", "params", "seed"}
    assert claim["trial"]["study_id"] == study["id"]
    assert claim["job"]["command"] == STUDY["job"]["command"]
    assert (claim["number"], claim["max_train_steps"], claim["resume"]) == (1, 64, None)
    assert claim["schedule"]["peak"] == claim["trial"]["params"]["learning_rate"]
    assert claim["evaluate_every_steps"] == 2
    assert claim["lease_seconds"] == 60.0
    assert lab.get(f"/v1/trials/{claim['trial']['id']}")["state"] == "running"


def test_the_same_request_answers_the_same_bytes(lab: Lab) -> None:
    lab.create()
    first = Slot(lab).ask(request_id="once")
    again = Slot(lab).ask(request_id="once")
    assert first.status_code == 200
    assert first.content == again.content


def test_a_request_sent_twice_at_once_makes_one_attempt(lab: Lab) -> None:
    study = lab.create()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: Slot(lab).ask(request_id="once"), range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["attempt_id"] for answer in answers}) == 1
    assert study_row(lab, study["id"])["steps_reserved"] == 64


def test_a_new_request_from_a_slot_releases_its_older_attempt_as_lost(lab: Lab) -> None:
    study = lab.create()
    older = Slot(lab).claim()
    newer = Slot(lab).claim()
    assert attempt_row(lab, older.id)["state"] == "lost"
    assert older.trial_id == newer.trial_id
    assert newer.claim["number"] == 2
    assert study_row(lab, study["id"])["steps_reserved"] == 64


def test_claimers_at_once_never_get_one_trial(lab: Lab) -> None:
    lab.create(trials=12)
    slots = [Slot(lab, slot=str(number)) for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda slot: slot.ask(), slots))
    won = [answer.json()["trial"]["id"] for answer in answers if answer.status_code == 200]
    assert len(won) == len(set(won)) == 12


def test_steps_are_never_promised_beyond_the_limit(lab: Lab) -> None:
    study = lab.create(trials=12, limits={"total_steps": 64 * 5 + 63})
    slots = [Slot(lab, slot=str(number)) for number in range(12)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda slot: slot.ask(), slots))
    assert [answer.status_code for answer in answers].count(200) == 5
    assert study_row(lab, study["id"])["steps_reserved"] == 64 * 5


def test_no_more_trials_run_than_the_concurrency_says(lab: Lab) -> None:
    lab.create(trials=8, concurrency=3)
    slots = [Slot(lab, slot=str(number)) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda slot: slot.ask(), slots))
    assert [answer.status_code for answer in answers].count(200) == 3


def test_higher_priority_goes_first(lab: Lab) -> None:
    lab.create(name="low", priority=1)
    high = lab.create(name="high", priority=2)
    assert Slot(lab).claim().claim["trial"]["study_id"] == high["id"]


def test_an_external_job_is_claimed_only_by_its_study(lab: Lab) -> None:
    study = lab.create(job="external")
    assert Slot(lab).ask().status_code == 204
    assert Slot(lab).claim(study_id=study["id"], offers={}).claim["job"] == "external"


@pytest.mark.parametrize(
    ("job", "offers", "status"),
    [
        ({"entrypoint": "train"}, {"entrypoints": ["train"]}, 200),
        ({"entrypoint": "train"}, {"entrypoints": ["other"], "commands": True}, 204),
        ({"command": ["x"]}, {"commands": False}, 204),
        ({"command": ["x"], "gpus": 2}, {"commands": True, "gpus": 1}, 204),
        ({"command": ["x"], "gpus": 2}, {"commands": True, "gpus": 2}, 200),
        ({"command": ["x"], "labels": {"a": "1"}}, {"commands": True}, 204),
        ({"command": ["x"], "labels": {"a": "1"}}, {"commands": True, "labels": {"a": "1"}}, 200),
    ],
)
def test_a_slot_gets_only_what_it_offers_to_run(
    lab: Lab, job: dict[str, object], offers: dict[str, object], status: int
) -> None:
    lab.create(job=job)
    assert Slot(lab, offers=offers).ask().status_code == status


def test_a_job_that_a_slot_cannot_run_does_not_hide_the_next_study(lab: Lab) -> None:
    lab.create(job={"entrypoint": "unknown"}, priority=5)
    second = lab.create(name="second")
    assert Slot(lab).claim().claim["trial"]["study_id"] == second["id"]


def test_a_paused_study_gives_nothing(lab: Lab) -> None:
    study = lab.create()
    assert lab.client.post(f"/v1/studies/{study['id']}/pause").status_code == 200
    assert Slot(lab).ask().status_code == 204


def test_a_cordoned_worker_gets_nothing_until_it_is_let_back(lab: Lab) -> None:
    lab.create()
    worker = {"worker": "w1", "boot_id": "b", "name": "n", "version": "1", "slots": []}
    assert lab.client.post("/v1/workers", json=worker).status_code == 201
    assert lab.client.post("/v1/workers/w1/cordon").json()["state"] == "cordoned"
    assert Slot(lab).ask().status_code == 204
    assert lab.client.post("/v1/workers/w1/uncordon").json()["state"] == "active"
    assert Slot(lab).ask().status_code == 200


def test_a_wait_longer_than_thirty_seconds_is_refused(lab: Lab) -> None:
    answer = Slot(lab).ask(wait_seconds=31)
    assert answer.status_code == 422
    assert "31" in answer.json()["detail"]
