"""The budget of the installation: what all studies together may spend, whoever races for it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any  # Any: JSON

import pytest

from tests.contract.lab import Lab
from tests.contract.slot import Slot, lapse

GPU_JOB = {"command": ["x"], "gpus": 1, "timeout_seconds": 10.0}
ON_GPU = {"commands": True, "gpus": 1}


def limit(lab: Lab, status: int = 200, **body: Any) -> Any:  # Any: JSON
    answer = lab.client.patch("/v1/budget", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def race(slots: list[Slot]) -> list[int]:
    """All of them ask at once; how they were answered."""
    with ThreadPoolExecutor(len(slots)) as pool:
        return [answer.status_code for answer in pool.map(lambda slot: slot.ask(), slots)]


def test_studies_share_what_all_together_may_spend(lab: Lab) -> None:
    for name in ("one", "other"):
        lab.create(name=name)
    found = limit(lab, total_steps=200)
    assert (found["steps"]["limit"], found["steps"]["remaining"]) == (200, 200)
    answers = [Slot(lab, slot=str(n)).ask().status_code for n in range(4)]
    assert answers == [200, 200, 200, 204]
    steps = lab.get("/v1/budget")["steps"]
    assert (steps["spent"], steps["reserved"], steps["remaining"]) == (0, 192, 8)


def test_what_waits_for_the_total_says_so_and_goes_on_once_it_is_raised(lab: Lab) -> None:
    study = lab.create(trials=2)
    limit(lab, total_steps=100)
    Slot(lab).claim().run()
    found = lab.study(study["id"])
    assert (found["state"], found["waiting_for"]) == ("active", "limit")
    assert "64 of 100 steps" in found["waits_because"]
    waiting = next(t for t in lab.trials(study["id"]) if t["state"] == "waiting")
    assert lab.get(f"/v1/trials/{waiting['id']}")["waiting_for"] == "limit"
    page = lab.client.get(f"/studies/{study['id']}").text
    assert "64 of 100 steps" in page
    limit(lab, total_steps=128)
    assert "of 100 steps" not in str(lab.study(study["id"])["waits_because"])
    assert Slot(lab).claim().run()["state"] == "completed"


def test_null_takes_the_total_limit_away(lab: Lab) -> None:
    lab.create()
    limit(lab, total_steps=10, gpu_hours=1.0)
    assert Slot(lab).ask().status_code == 204
    found = limit(lab, total_steps=None)
    assert (found["steps"]["limit"], found["gpu_seconds"]["limit"]) == (None, 3600.0)
    assert Slot(lab).ask().status_code == 200


def test_a_total_below_what_is_used_is_refused_with_the_number(lab: Lab) -> None:
    lab.create()
    Slot(lab).claim()
    assert "64" in limit(lab, 422, total_steps=63)["detail"]
    assert "-5" in limit(lab, 422, gpu_hours=-5.0)["detail"]


def test_gpu_seconds_of_all_studies_are_reserved_before_they_are_used(lab: Lab) -> None:
    for name in ("one", "other"):
        lab.create(name=name, job=GPU_JOB)
    limit(lab, gpu_hours=200 / 3600)  # each trial sets 10 + grace + lease = 90 aside
    slots = [Slot(lab, slot=str(n), offers=ON_GPU) for n in range(3)]
    assert [slot.ask().status_code for slot in slots] == [200, 200, 204]
    assert lab.get("/v1/budget")["gpu_seconds"]["remaining"] == pytest.approx(20.0)


def test_before_any_speed_is_known_one_trial_of_all_studies_runs_at_a_time(lab: Lab) -> None:
    for name in ("one", "other"):
        lab.create(name=name, job={"command": ["x"], "gpus": 1})
    limit(lab, gpu_hours=1.0)
    slots = [Slot(lab, slot=str(n), offers=ON_GPU) for n in range(2)]
    first = slots[0].claim()
    assert slots[1].ask().status_code == 204
    first.run()
    assert slots[1].ask().status_code == 200


def test_a_lapsed_attempt_gives_its_reservation_to_its_successor(lab: Lab) -> None:
    lab.create(trials=1)
    limit(lab, total_steps=64)
    lapse(lab, Slot(lab).claim())
    assert Slot(lab, worker="w2").claim().run()["state"] == "completed"


def test_claims_that_race_for_the_last_steps_of_all_studies_never_pass_them(
    postgres_lab: Lab,
) -> None:
    for number in range(8):
        postgres_lab.create(name=f"s{number}", concurrency=4 if number % 2 else None)
    for turn in range(4):
        used = postgres_lab.get("/v1/budget")["steps"]
        taken = int(used["spent"] + used["reserved"])
        limit(postgres_lab, total_steps=taken + 3 * 64 + 20)
        answers = race([Slot(postgres_lab, slot=f"{turn}-{n}") for n in range(16)])
        steps = postgres_lab.get("/v1/budget")["steps"]
        assert set(answers) <= {200, 204}
        assert steps["spent"] + steps["reserved"] <= steps["limit"]
        while Slot(postgres_lab, slot=f"{turn}-late").ask().status_code == 200:
            pass  # whoever gave way too early
        assert 0 <= postgres_lab.get("/v1/budget")["steps"]["remaining"] < 64
