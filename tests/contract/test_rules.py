"""The catalogue over HTTP, and the extension of schedules."""

import pytest

from app.policy.catalogue import RULES
from tests.contract.lab import Lab

LINEAR = {"kind": "linear", "peak": 0.1}


def test_every_rule_is_listed_with_its_explanation_and_thresholds(lab: Lab) -> None:
    items = lab.get("/v1/rules")["items"]
    assert [item["code"] for item in items] == [rule.code for rule in RULES]
    for item in items:
        assert item["explanation"]
        assert {"title", "stage", "claims", "severity", "default_binding", "version"} <= set(item)
    by_code = {item["code"]: item for item in items}
    assert by_code["CKP302"]["settings"]["CKP302.min_share"] > 0


def test_an_unknown_rule_is_a_404_that_names_near_ones(lab: Lab) -> None:
    assert lab.get("/v1/rules/spc201")["code"] == "SPC201"
    answer = lab.client.get("/v1/rules/SPC291")
    assert answer.status_code == 404
    assert "SPC201" in answer.json()["hint"]


def test_a_linear_decay_keeps_its_steps_after_a_longer_plateau(lab: Lab) -> None:
    body = {"schedule": LINEAR, "from_max_train_steps": 1000, "to_max_train_steps": 10_000}
    answer = lab.client.post("/v1/schedules/extension", json=body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["schedule"]["decay_steps"] == 1000
    assert found["added_steps_below_10_percent_of_peak"] == pytest.approx(0.0, abs=0.02)
    after = found["curve_after"]
    assert after["steps"] == sorted(after["steps"])
    assert after["steps"][-1] == 10_000
    assert len(after["steps"]) == len(after["learning_rate"]) >= 20
    assert [finding["code"] for finding in found["findings"]] == []
    assert all("why" in one and one["schedule"] for one in found["alternatives"])


def test_a_finding_never_refuses_an_extension(lab: Lab) -> None:
    body = {
        "schedule": {"kind": "exponential", "peak": 0.1, "final_fraction": 1e-6},
        "from_max_train_steps": 1000,
        "to_max_train_steps": 10_000,
    }
    answer = lab.client.post("/v1/schedules/extension", json=body)
    assert answer.status_code == 200, answer.text
    verdict = {finding["code"]: finding for finding in answer.json()["findings"]}["SCH701"]
    assert verdict["verdict"] == "finding"
    assert verdict["evidence"]["added_steps_below_10_percent_of_peak"] > 0.5


@pytest.mark.parametrize(
    "changes",
    [
        {"schedule": {"kind": "custom", "peak": 1.0}},
        {"schedule": {"kind": "linear", "peak": -1.0}},
        {"schedule": {"kind": "linear", "peak": 0.1, "warmup_steps": 5000}},
        {"from_max_train_steps": 0},
        {"to_max_train_steps": 2**60},
        {"colour": "red"},
    ],
)
def test_an_impossible_schedule_is_a_422_problem(lab: Lab, changes: dict[str, object]) -> None:
    body = {"schedule": LINEAR, "from_max_train_steps": 100, "to_max_train_steps": 200, **changes}
    answer = lab.client.post("/v1/schedules/extension", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]
