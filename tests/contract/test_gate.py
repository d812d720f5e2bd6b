"""The gate over HTTP: an enforced finding stops `promote` and `finish`, never a cure; a person may
waive it or soften its binding."""

import math
from dataclasses import replace
from typing import Any

import pytest

from app.db import recommendations, rounds
from app.domain.ids import StudyId
from app.domain.rounds import Action
from app.domain.states import RecommendationState
from app.domain.trials import Trial
from tests.contract.lab import STUDY, Lab, bowl

Json = Any  # JSON, as the contract says
STRICT: dict[str, Json] = {
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
    study_id = lab.judged(bowl, **STRICT)
    advice = until(lab, study_id, "promote")
    assert advice["blocked_by"] == ["SPC205"]
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
    assert lab.get(f"{path}/recommendation")["blocked_by"] == [], "it says what stands now"
    assert lab.post_round(study_id, {"accept": advice["id"]})["purpose"] == "final"


def test_the_refusal_shows_the_findings_of_the_round_that_the_advice_speaks_for(lab: Lab) -> None:
    study_id = StudyId(lab.judged(bowl, **STRICT))
    lab.post_round(study_id, {"trials": 8})
    lab.train(study_id)
    lab.review()
    with lab.context.database.writing() as connection:
        (found,) = recommendations.open_ones(connection, study_id)
        ended = replace(
            found.advice, round=2, subject_round=1, action=Action.PROMOTE, blocked_by=("SPC205",)
        )
        stored = recommendations.insert_one(connection, study_id, ended)
        recommendations.decide(connection, found, RecommendationState.SUPERSEDED)
        rounds.write(connection, rounds.get(connection, study_id, 2), assessment=None)
    problem = lab.post_round(study_id, {"accept": stored.id}, 409)
    assert [(f["code"], f["verdict"]) for f in problem["findings"]] == [("SPC205", "finding")]
    assert f"paceline waive {study_id} SPC205 --round 1" in problem["hint"]


def test_an_expired_waiver_does_not_open_the_gate(lab: Lab) -> None:
    study_id = lab.judged(bowl, **STRICT)
    advice = until(lab, study_id, "promote")
    body = {"code": "SPC205", "reason": "until yesterday", "until": "2020-01-01T00:00:00Z"}
    answer = lab.client.post(f"/v1/studies/{study_id}/waivers", json=body)
    assert answer.status_code == 201, answer.text
    lab.post_round(study_id, {"accept": advice["id"]}, 409)


def test_a_blocked_finish_waits_and_its_waiver_completes_the_study(lab: Lab) -> None:
    study_id = lab.judged(bindings={"CKP305": "enforce"})
    advice = until(lab, study_id, "promote")
    lab.post_round(study_id, {"accept": advice["id"]}, 409)
    waive(lab, study_id, advice["round"])
    waive(lab, study_id, 1)
    lab.accept(study_id)
    lab.train(study_id)
    lab.review()
    advice = lab.get(f"/v1/studies/{study_id}/recommendation")
    assert advice["action"] == "finish"
    assert lab.study(study_id)["waiting_for"] == "acceptance", "the finding stands"
    problem = lab.post_round(study_id, {"accept": advice["id"]}, 409)
    assert [finding["code"] for finding in problem["findings"]] == ["CKP305"]
    command = f"paceline waive {study_id} CKP305 --round {advice['round']} --reason"
    assert command in advice["sentence"]
    assert command in problem["hint"]
    waive(lab, study_id, advice["round"])
    ended = lab.post_round(study_id, {"accept": advice["id"]}, 200)
    assert (ended["state"], ended["waiting_for"]) == ("completed", None)
    assert lab.post_round(study_id, {"accept": advice["id"]}, 200)["id"] == study_id


def turned_around(trial: Trial, step: int) -> float:
    """At a longer horizon the order of the rates is the other way round."""
    away = abs(math.log10(float(trial.params["learning_rate"]) / 0.03))
    sign = 1 if trial.max_train_steps == STUDY["max_train_steps"] else -1
    return 1 + sign * away + math.exp(-step / 8) - step / 1e5


def test_broken_ranks_are_told_at_the_production_length_and_do_not_hold_the_finish(
    lab: Lab,
) -> None:
    study_id = lab.judged(
        turned_around,
        workload="compute_bound",
        production_steps=640,
        trials=24,
        objective={**STUDY["objective"], "tolerance": 0.0},
        settings={"PRM602.least_pairs": 2},
    )
    lab.accept(study_id)
    lab.train(study_id, turned_around)
    lab.review()
    advice = lab.get(f"/v1/studies/{study_id}/recommendation")
    assert (advice["action"], advice["blocked_by"]) == ("finish", [])
    assert any(r["code"] == "PRM602" and "broken" in r["message"] for r in advice["reasons"])
    assert lab.study(study_id)["state"] == "completed"


def waive(lab: Lab, study_id: str, number: int, code: str = "CKP305") -> None:
    body = {"code": code, "round": number, "reason": "looked at, and it may stand"}
    answer = lab.client.post(f"/v1/studies/{study_id}/waivers", json=body)
    assert answer.status_code == 201, answer.text
