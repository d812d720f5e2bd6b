"""Plans over HTTP: alternatives within the budget, findings, and what is refused."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.contract.lab import STUDY, Json, Lab

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
        assert set(one) >= {"name", "rounds", "total", "saved_by_reuse_steps", "trade"}
        assert one["rounds"][-1]["max_train_steps"] == 100_000
        assert one["total"]["gpu_hours"] <= BUDGET["gpu_hours"] * 1.001
        assert one["total"]["gpu_hours"] == pytest.approx(
            sum(r["gpu_hours"] for r in one["rounds"])
        )
        assert set(one["rounds"][0]) >= {
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


def test_rounds_end_one_after_the_other_and_without_a_speed_nobody_knows_when(lab: Lab) -> None:
    for one in planned(lab)["alternatives"]:
        ends = [datetime.fromisoformat(r["ends_at"]) for r in one["rounds"]]
        begin = ends[0] - timedelta(hours=one["rounds"][0]["wall_hours"])
        assert abs(begin - datetime.now(UTC)) < timedelta(minutes=10)
        assert ends == sorted(ends)
        assert one["total"]["ends_at"] == one["rounds"][-1]["ends_at"]
        spent = (ends[-1] - begin) / timedelta(hours=1)
        assert spent == pytest.approx(one["total"]["wall_hours"], rel=1e-6)
    unknown = planned(lab, budget={"steps": 2_000_000})["alternatives"][0]
    assert unknown["total"]["ends_at"] is None
    eternal = {"steps": 2**53, "seconds_per_step": 1e6}
    assert planned(lab, budget=eternal)["alternatives"][0]["total"]["ends_at"] is None


def test_a_plan_is_a_study_that_can_be_posted(lab: Lab) -> None:
    for one in planned(lab, patience_hours=4.0)["alternatives"]:
        assert one["study"]["limits"]["patience_hours"] == 4.0
        body = {**STUDY, **one["study"], "evaluate_every_steps": None}
        answer = lab.client.post("/v1/studies?dry_run=true", json=body)
        assert answer.status_code == 200, answer.text
        first, rounds = answer.json()["round"], one["rounds"]
        assert first["max_train_steps"] == rounds[0]["max_train_steps"]
        assert first["trials"] == rounds[0]["trials"]
        assert one["study"]["limits"]["rounds"] == len(rounds)


def test_mature_teams_plan_many_rounds_without_a_finding(lab: Lab) -> None:
    def found(**changes: object) -> set[str]:
        return {f["code"] for f in planned(lab, rounds_max=10, **changes)["findings"]}

    mature = {"modelling": True, "pipelines": True, "production": True}
    assert "PRM605" in found()
    assert "PRM605" not in found(maturity=mature)
    assert "PRM605" in found(maturity={**mature, "production": False})


def test_thin_first_rounds_and_short_patience_are_findings(lab: Lab) -> None:
    answer = planned(lab, dimensions=40, patience_hours=1.0)
    found = {f["code"]: f for f in answer["findings"]}
    assert found["SPC206"]["evidence"]["wanted"] == 390
    assert found["WRK504"]["evidence"]["trial_hours"] == pytest.approx(100_000 * 0.1 / 3600)
    assert {one["is_within_patience"] for one in answer["alternatives"]} == {False}


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
        {"rounds_max": 11},
        {"maturity": {"modelling": "very"}},
    ],
)
def test_impossible_plan_is_a_422_problem(lab: Lab, change: Json) -> None:
    answer = lab.client.post("/v1/plans", json={**PLAN, **change})
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]
