"""A study's limits under claims that race: reserved at a claim, settled at an end, never passed."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any  # Any: JSON

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from app.db.tables import studies
from tests.contract.lab import Lab
from tests.contract.slot import Attempt, Slot, study_row

AT_ONCE = 16
KINDS: dict[str, dict[str, Any]] = {  # Any: JSON; what a trial sets aside fits three times
    "steps": {"limits": {"total_steps": 3 * 64 + 20}},
    "gpu_seconds": {
        "job": {"command": ["x"], "gpus": 1, "timeout_seconds": 10.0},
        "limits": {"gpu_hours": (3 * 90 + 20) / 3600},
    },
}


def race(lab: Lab) -> list[Attempt]:
    """Sixteen slots ask at once; what they got."""
    offers = {"commands": True, "gpus": 1}
    slots = [Slot(lab, slot=str(number), offers=offers) for number in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda slot: slot.ask(), slots))
    assert {answer.status_code for answer in answers} <= {200, 204}, [a.text for a in answers]
    return [Attempt(lab, a.json()) for a in answers if a.status_code == 200]


@pytest.mark.parametrize("kind", KINDS)
def test_claims_that_race_for_the_last_of_a_limit_never_pass_it(lab: Lab, kind: str) -> None:
    study = lab.create(trials=24, **KINDS[kind])
    got = race(lab)
    used = lab.study(study["id"])["budget"][kind]
    assert used["reserved"] <= used["limit"]
    assert used["remaining"] == pytest.approx(used["limit"] - used["reserved"])
    assert 1 <= len(got) <= 3
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ended = list(pool.map(lambda attempt: attempt.run()["state"], got))
    assert set(ended) == {"completed"}
    settled = lab.study(study["id"])["budget"][kind]
    assert settled["reserved"] == pytest.approx(0.0)
    assert 0 < settled["spent"] <= settled["limit"]


def test_ends_and_claims_that_race_settle_to_what_was_done(lab: Lab) -> None:
    study = lab.create(trials=24, limits={"total_steps": 20 * 64})
    rounds_of_three = 0
    while got := race(lab):
        rounds_of_three += 1
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda attempt: attempt.run(), got))
    steps = lab.study(study["id"])["budget"]["steps"]
    assert (steps["spent"], steps["reserved"], steps["remaining"]) == (20 * 64, 0, 0)


@pytest.mark.parametrize("column", ["steps_reserved", "gpu_seconds_reserved"])
def test_the_database_itself_refuses_what_would_pass_a_limit(lab: Lab, column: str) -> None:
    study = lab.create(limits={"total_steps": 100, "gpu_hours": 100 / 3600})
    with (
        pytest.raises(IntegrityError, match="within_limit"),
        lab.context.database.writing() as connection,
    ):
        connection.execute(update(studies).values({column: 101}))
    assert study_row(lab, study["id"])[column] == 0


def test_rounds_posted_at_once_never_pass_the_limit_of_horizons(lab: Lab) -> None:
    study_id = lab.create(limits={"rounds": 2})["id"]
    bodies = [{"max_train_steps": 100 + number, "trials": 1} for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        path = f"/v1/studies/{study_id}/rounds"
        answers = list(pool.map(lambda body: lab.client.post(path, json=body), bodies))
    told = [(a.status_code, a.json().get("type")) for a in answers]
    assert [status for status, _ in told].count(201) == 1, told
    assert {kind for status, kind in told if status != 201} == {"wrong-state"}
    assert len(lab.study(study_id)["rounds"]) == 2


def test_steps_beyond_the_last_checkpoint_of_a_lost_attempt_are_shown_outside_the_limit(
    lab: Lab,
) -> None:
    study = lab.create(trials=1, limits={"total_steps": 64})
    lost = Slot(lab).claim()
    lost.measure([20, 30], [0.5, 0.4])
    lost.checkpoint(20)
    lost.heartbeat(30)
    Slot(lab).claim()  # the slot moved on: its older attempt is lost, and this is its successor
    steps = lab.study(study["id"])["budget"]["steps"]
    assert (steps["spent"], steps["lost"], steps["reserved"]) == (20, 10, 44)
    assert steps["remaining"] == 0
