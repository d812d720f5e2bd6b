"""Plans over HTTP: alternatives within the budget, findings, and what is refused."""

import pytest

from tests.contract.lab import Json, Lab

BUDGET = {"gpu_hours": 500.0, "gpus_per_trial": 2, "seconds_per_step": 0.1}
PLAN = {"production_steps": 100_000, "budget": BUDGET, "slots": 4}


def planned(lab: Lab, **changes: object) -> Json:
    answer = lab.client.post("/v1/plans", json={**PLAN, **changes})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_alternatives_hold_the_fields_of_the_contract_and_the_budget(lab: Lab) -> None:
    alternatives = planned(lab)["alternatives"]
    assert len(alternatives) >= 3
    for one in alternatives:
        assert set(one) == {"name", "rounds", "total", "saved_by_reuse_steps", "trade"}
        assert one["rounds"][-1]["max_train_steps"] == 100_000
        assert one["total"]["gpu_hours"] <= BUDGET["gpu_hours"] * 1.001
        assert one["total"]["gpu_hours"] == pytest.approx(
            sum(r["gpu_hours"] for r in one["rounds"])
        )
        assert set(one["rounds"][0]) == {
            "max_train_steps",
            "trials",
            "steps",
            "gpu_hours",
            "wall_hours",
        }


def test_budget_in_steps_has_no_hours(lab: Lab) -> None:
    one = planned(lab, budget={"steps": 2_000_000})["alternatives"][0]
    assert one["total"]["gpu_hours"] is None
    assert one["total"]["wall_hours"] is None


def test_findings_are_verdicts_and_never_refuse(lab: Lab) -> None:
    found = planned(lab, budget={"steps": 150_000}, rounds_max=4)["findings"]
    assert {f["code"] for f in found} >= {"WRK504", "PRM605"}
    assert all(f["verdict"] == "finding" and f["message"] and f["action"] for f in found)


@pytest.mark.parametrize(
    "change",
    [
        {"production_steps": 0},
        {"budget": {}},
        {"budget": {"steps": 1000, "gpu_hours": 1.0}},
        {"budget": {"gpu_hours": 1.0}},
        {"budget": {"steps": 0}},
        {"slots": 0},
        {"rounds_max": 0},
        {"warmup_steps": 200_000},
        {"patience_hours": 0.0},
        {"schedule": {"kind": "custom"}},
        {"schedule": {"kind": "triangle"}},
        {"colour": "red"},
    ],
)
def test_impossible_plan_is_a_422_problem(lab: Lab, change: Json) -> None:
    answer = lab.client.post("/v1/plans", json={**PLAN, **change})
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]
