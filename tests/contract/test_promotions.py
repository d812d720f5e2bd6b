"""The judge of promotions over HTTP: on the adviser's proposal, and on rounds written by hand."""

from typing import Any

import pytest

from tests.contract.lab import STUDY, Lab, falling

Json = Any  # JSON, as the contract says
STRETCHED: Json = {"kind": "exponential", "peak": "learning_rate", "final_fraction": 0.001}
CLIMB: Json = {"workload": "compute_bound", "production_steps": 640, "trials": 12}
STAGE_P = {"SPC208", "PRM601", "PRM603", "PRM604", "PRM606", "SCH701", "SCH702", "SCH704"}


def verdicts(lab: Lab, study_id: str, number: int = 1) -> dict[str, Json]:
    assessment = lab.get(f"/v1/studies/{study_id}/rounds/{number}/assessment")
    return {v["code"]: v for v in assessment["verdicts"]}


def advice_of(lab: Lab, study_id: str) -> Json:
    return lab.get(f"/v1/studies/{study_id}/recommendation")


def waive(lab: Lab, study_id: str, code: str) -> None:
    body = {"code": code, "reason": "the schedule is what this question is about"}
    answer = lab.client.post(f"/v1/studies/{study_id}/waivers", json=body)
    assert answer.status_code == 201, answer.text


def final(lab: Lab, study_id: str, **changes: Json) -> Json:
    """A hand-written final round of the trial that is best so far."""
    best = lab.study(study_id)["best"]["trial_id"]
    params = lab.get(f"/v1/trials/{best}")["params"]
    points = [{"params": params, "origin": {"trial_id": best, "relation": "same"}}]
    return {"purpose": "final", "max_train_steps": 640, "points": points, **changes}


def test_the_stored_assessment_holds_what_the_judge_says_of_the_proposal(lab: Lab) -> None:
    study_id = lab.judged(**CLIMB)
    assert advice_of(lab, study_id)["action"] == "promote"
    found = verdicts(lab, study_id)
    assert set(found) >= STAGE_P
    assert found["PRM603"]["verdict"] == "clear"
    assert len(found["PRM603"]["evidence"]["probability_inside"]) == 6
    assert found["SCH701"]["evidence"]["added_steps_below_10_percent_of_peak"] == 0.0
    assert found["PRM601"]["evidence"]["transfer"][0]["treatment"] == "swept"


def test_the_advice_tells_the_price_the_margin_and_what_happens_to_each_role(lab: Lab) -> None:
    study_id = lab.judged(**CLIMB)
    told = {(r["code"], r["message"]) for r in advice_of(lab, study_id)["reasons"]}
    said = {code: " ".join(m for c, m in told if c == code) for code, _ in told}
    assert "hold the eventual best in 72, 79, 86, 88, 89, 89% of studies" in said["PRM603"]
    assert "the best is ahead by" in said["PRM606"].lower()
    assert "learning_rate" in said["PRM601"]
    assert "P-27c" in said["PRM601"]
    assert "re-derived" in said["SCH702"]


def test_an_enforced_finding_about_the_proposal_blocks_it_until_it_is_waived(lab: Lab) -> None:
    study_id = lab.judged(schedule=STRETCHED, autopilot="on", **CLIMB)
    advice = advice_of(lab, study_id)
    assert (advice["action"], advice["blocked_by"]) == ("promote", ["SCH701"])
    assert any(r["code"] == "SCH701" and "67% of" in r["message"] for r in advice["reasons"])
    assert f"paceline waive {study_id} SCH701" in advice["sentence"]
    assert lab.study(study_id)["waiting_for"] == "acceptance", "not even the autopilot passes"
    problem = lab.post_round(study_id, {"accept": advice["id"]}, 409)
    assert problem["type"] == "blocked-by-findings"
    assert [f["code"] for f in problem["findings"]] == ["SCH701"]
    waive(lab, study_id, "SCH701")
    assert lab.post_round(study_id, {"accept": advice["id"]})["max_train_steps"] == 640


def test_what_was_said_of_a_proposal_does_not_outlive_it(lab: Lab) -> None:
    """Round 1's own proposal was blocked; a round by hand under another schedule is not."""
    study_id = lab.judged(schedule=STRETCHED, **CLIMB)
    assert advice_of(lab, study_id)["blocked_by"] == ["SCH701"]
    held = {"kind": "wsd", "peak": "learning_rate", "decay_fraction": 0.2, "final_fraction": 0.001}
    opened = lab.post_round(study_id, final(lab, study_id, schedule=held))
    assert not any("SCH701" in words for words in opened["warnings"])
    lab.train(study_id)
    lab.review()
    advice = advice_of(lab, study_id)
    assert (advice["action"], advice["blocked_by"]) == ("finish", [])


def test_a_round_by_hand_is_refused_for_what_its_own_schedule_does(lab: Lab) -> None:
    study_id = lab.judged(schedule=STRETCHED, **CLIMB)
    body = final(lab, study_id, schedule={**STRETCHED, "kind": "exponential"})
    problem = lab.post_round(study_id, body, 409)
    assert problem["type"] == "blocked-by-findings"
    (finding,) = problem["findings"]
    assert finding["code"] == "SCH701"
    assert finding["evidence"]["added_steps_below_10_percent_of_peak"] > 0.6
    assert "SCH701" in problem["hint"]
    assert len(lab.study(study_id)["rounds"]) == 1, "nothing was opened"
    waive(lab, study_id, "SCH701")
    lab.post_round(study_id, body)


def test_what_does_not_refuse_a_round_by_hand_comes_back_as_its_warnings(lab: Lab) -> None:
    study_id = lab.judged(**CLIMB)
    opened = lab.post_round(study_id, final(lab, study_id))
    (told,) = [words for words in opened["warnings"] if words.startswith("PRM603")]
    assert "Promote 2 configurations" in told
    assert lab.get(f"/v1/studies/{study_id}/rounds/2")["counts"]["waiting"] == 1


def test_a_batch_size_changed_with_the_horizon_is_a_warning(lab: Lab) -> None:
    fixed = {"batch_size": {"value": 64, "role": "batch_size"}}
    study_id = lab.judged(fixed=fixed, **CLIMB)
    other = {"batch_size": {"value": 32, "role": "batch_size"}}
    opened = lab.post_round(study_id, final(lab, study_id, fixed=other))
    assert any("from 64 to 32, and the horizon by 10x at once" in w for w in opened["warnings"])


def test_a_round_that_is_not_gated_is_not_judged_as_a_promotion(lab: Lab) -> None:
    study_id = lab.judged(schedule=STRETCHED, **CLIMB)
    body = {**final(lab, study_id), "purpose": "check", "checks": 1}
    assert not any("PRM603" in w or "SCH7" in w for w in lab.post_round(study_id, body)["warnings"])


@pytest.mark.parametrize("key", ["once", None])
def test_a_repeated_request_answers_the_same_warnings(lab: Lab, key: str | None) -> None:
    study_id = lab.judged(**CLIMB)
    headers = {"Idempotency-Key": key} if key else {}
    body = final(lab, study_id)
    path = f"/v1/studies/{study_id}/rounds"
    answers = [lab.client.post(path, json=body, headers=headers).json() for _ in range(2)]
    assert answers[0]["warnings"]
    assert (answers[0]["round"] == answers[1]["round"]) is (key is not None)
    if key:
        assert answers[0]["warnings"] == answers[1]["warnings"]


def test_a_final_round_under_new_seeds_has_no_longer_horizon_to_judge(lab: Lab) -> None:
    study_id = lab.judged(production_steps=64, workload="compute_bound", trials=12)
    assert advice_of(lab, study_id)["action"] == "promote"
    found = verdicts(lab, study_id)
    for code in ("PRM601", "SCH701", "SCH702", "SCH704"):
        assert found[code]["missing"] == ["longer horizon"]
    assert found["PRM604"]["statistic"] == 1.0
    assert STUDY["max_train_steps"] == 64


def test_a_finding_that_stands_twice_is_named_once(lab: Lab) -> None:
    """The last reviewed round is the one that is promoted: its edge is one finding, not two."""
    study_id = lab.judged(falling, **CLIMB)
    problem = lab.post_round(study_id, final(lab, study_id), 409)
    assert [finding["code"] for finding in problem["findings"]] == ["SPC201"]
