"""Races at their worst moment, played on purpose: one writer is stopped midway, another one comes.
(PostgreSQL alone has two writers at once.)"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from httpx2 import Response
from sqlalchemy import select

from app.db import trials
from app.db.tables import attempts
from app.domain.ids import TrialId
from tests.contract.lab import Lab
from tests.contract.scenes import just_before
from tests.contract.slot import Attempt, Slot, attempt_row, lapse, study_row

SECONDS = 30  # a claim that waits for a row would wait for ever
RESERVES = "UPDATE studies SET steps_reserved="
HOLDS_STUDY = "FROM studies WHERE studies.id = %(id_1)s::VARCHAR FOR NO KEY UPDATE"
WRITES: dict[str, tuple[str, Callable[[Attempt], Response]]] = {
    "heartbeat": ("UPDATE attempts SET", lambda attempt: attempt.heartbeat(6)),
    "measurements": (
        "INSERT INTO measurement_chunks",
        lambda attempt: attempt.measure([6], [0.5]),
    ),
    "checkpoint": ("INSERT INTO checkpoints", lambda attempt: attempt.checkpoint(6)),
    "finish": ("UPDATE attempts SET", lambda attempt: attempt.finish("preempted", 6)),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_write_on_its_way_keeps_the_successor_out(postgres_lab: Lab, write: str) -> None:
    lab = postgres_lab
    lab.create(trials=1)
    attempt = Slot(lab).claim()
    lapse(lab, attempt)
    words, send = WRITES[write]
    successors: list[Response] = []
    with just_before(lab, (words, lambda: successors.append(Slot(lab, worker="w2").ask()))):
        answer = send(attempt)
    assert (answer.status_code, successors[0].status_code) == (200, 204)


def test_a_claim_passes_a_trial_that_another_claim_holds(postgres_lab: Lab) -> None:
    lab = postgres_lab
    first, second = lab.trials(lab.create(trials=2)["id"], order="number")
    with ThreadPoolExecutor(1) as pool, lab.context.database.writing() as connection:
        trials.lock(connection, TrialId(first["id"]))
        claimed = pool.submit(Slot(lab).claim).result(SECONDS)
    assert claimed.trial_id == second["id"]


def test_a_claim_waits_for_no_writer(postgres_lab: Lab) -> None:
    lab = postgres_lab
    lab.create(trials=1)
    attempt = Slot(lab).claim()
    lapse(lab, attempt)
    with ThreadPoolExecutor(1) as pool, lab.context.database.writing() as connection:
        its_row = select(attempts.c.id).where(attempts.c.id == attempt.id)
        connection.execute(its_row.with_for_update(key_share=True))
        answer = pool.submit(Slot(lab, worker="w2").ask).result(SECONDS)
    assert answer.status_code == 204
    assert attempt_row(lab, attempt.id)["state"] == "leased"


def test_a_request_that_comes_twice_at_once_takes_one_trial(postgres_lab: Lab) -> None:
    lab = postgres_lab
    study = lab.create(trials=2)
    others: list[Response] = []
    with just_before(lab, (RESERVES, lambda: others.append(Slot(lab).ask(request_id="once")))):
        answer = Slot(lab).ask(request_id="once")
    assert (answer.status_code, answer.content) == (200, others[0].content)
    assert study_row(lab, study["id"])["steps_reserved"] == 64
    assert sorted(one["state"] for one in lab.trials(study["id"])) == ["running", "waiting"]


def test_two_claims_at_once_never_pass_the_limit(postgres_lab: Lab) -> None:
    lab = postgres_lab
    study = lab.create(trials=2, limits={"total_steps": 100})
    others: list[Response] = []
    with just_before(lab, (RESERVES, lambda: others.append(Slot(lab, slot="1").ask()))):
        answer = Slot(lab).ask()
    assert (answer.status_code, others[0].status_code) == (204, 200)
    assert study_row(lab, study["id"])["steps_reserved"] == 64


def test_two_claims_at_once_never_pass_the_concurrency(postgres_lab: Lab) -> None:
    lab = postgres_lab
    study = lab.create(trials=2, concurrency=1)
    others: list[Response] = []
    with just_before(lab, (HOLDS_STUDY, lambda: others.append(Slot(lab, slot="1").ask()))):
        answer = Slot(lab).ask()
    assert (answer.status_code, others[0].status_code) == (204, 200)
    assert sorted(one["state"] for one in lab.trials(study["id"])) == ["running", "waiting"]


def test_a_recommendation_accepted_at_once_opens_one_round(postgres_lab: Lab) -> None:
    lab = postgres_lab
    study_id = lab.judged()
    path = f"/v1/studies/{study_id}/rounds"
    body = {"accept": lab.get(f"/v1/studies/{study_id}/recommendation")["id"]}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: lab.client.post(path, json=body), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert {answer.json()["round"] for answer in answers} == {2}
    assert len(lab.study(study_id)["rounds"]) == 2
