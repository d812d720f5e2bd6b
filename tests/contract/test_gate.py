"""The gate over HTTP: an enforced finding stops `promote` and `finish`, never a cure; a person may
waive it or soften its binding."""

from typing import Any

import pytest

from tests.contract.lab import STUDY, Lab

Json = Any  # JSON, as the contract says
STRICT = {
    "objective": {**STUDY["objective"], "tolerance": 0.0},
    "bindings": {"SPC205": "enforce"},
}


def until(lab: Lab, study_id: str, action: str) -> Json:
    """Accept and train until the open recommendation has this action; returns it."""
    for _ in range(12):
        advice = lab.get(f"/v1/studies/{study_id}/recommendation")
        if advice["action"] == action and advice["state"] == "proposed":
            return advice
        if lab.study(study_id)["waiting_for"] == "acceptance":
            lab.accept(study_id)
        lab.train(study_id)
        lab.review()
    raise AssertionError(f"never came to {action}; the last advice: {advice}")


@pytest.mark.parametrize("way", ["waiver", "binding"])
def test_a_blocked_promotion_opens_once_its_finding_is_waived_or_softened(
    lab: Lab, way: str
) -> None:
    study_id = lab.judged(**STRICT)
    advice = until(lab, study_id, "promote")
    problem = lab.post_round(study_id, {"accept": advice["id"]}, 409)
    assert problem["type"] == "blocked-by-findings"
    assert {finding["code"] for finding in problem["findings"]} == {"SPC205"}
    assert all(finding["verdict"] == "finding" for finding in problem["findings"])
    path = f"/v1/studies/{study_id}"
    if way == "waiver":
        body = {"code": "SPC205", "reason": "a narrow valley is what this problem has"}
        answer = lab.client.post(f"{path}/waivers", json=body)
        assert answer.status_code == 201, answer.text
    else:
        answer = lab.client.patch(path, json={"bindings": {"SPC205": "warn"}})
        assert answer.status_code == 200, answer.text
    assert lab.post_round(study_id, {"accept": advice["id"]})["purpose"] == "final"


def test_an_expired_waiver_does_not_open_the_gate(lab: Lab) -> None:
    study_id = lab.judged(**STRICT)
    advice = until(lab, study_id, "promote")
    body = {"code": "SPC205", "reason": "until yesterday", "until": "2020-01-01T00:00:00Z"}
    answer = lab.client.post(f"/v1/studies/{study_id}/waivers", json=body)
    if answer.status_code == 201:
        lab.post_round(study_id, {"accept": advice["id"]}, 409)


def test_a_blocked_finish_waits_and_completes_the_study_with_its_waiver(lab: Lab) -> None:
    study_id = lab.judged(bindings={"CKP305": "enforce"})
    until(lab, study_id, "promote")
    lab.client.post(
        f"/v1/studies/{study_id}/waivers",
        json={"code": "CKP305", "round": 1, "reason": "checkpoints of round 1 were not kept"},
    )
    for number in range(2, 9):
        lab.client.post(
            f"/v1/studies/{study_id}/waivers",
            json={"code": "CKP305", "round": number, "reason": "nor were these"},
        )
        if lab.study(study_id)["waiting_for"] == "acceptance":
            lab.accept(study_id)
        lab.train(study_id)
        lab.review()
    study = lab.study(study_id)
    advice = lab.get(f"/v1/studies/{study_id}/recommendation")
    assert advice["action"] == "finish"
    assert study["state"] == "completed" or study["waiting_for"] == "acceptance"
    assert lab.post_round(study_id, {"accept": advice["id"]}, 200)["state"] == "completed"
