"""Rounds over HTTP: accepted, written by hand, closed, added to."""

from typing import Any

from sqlalchemy import update

from app.db.tables import checkpoints
from tests.contract.lab import RATE, Lab, falling

Json = Any  # JSON, as the contract says


def test_accepting_twice_opens_one_round(lab: Lab) -> None:
    study_id = lab.judged()
    advice = lab.get(f"/v1/studies/{study_id}/recommendation")
    first = lab.post_round(study_id, {"accept": advice["id"]})
    again = lab.post_round(study_id, {"accept": advice["id"]}, 200)
    assert first["round"] == again["round"] == 2
    assert first["action"] == advice["action"]
    assert first["recommendation_id"] == advice["id"]
    assert first["max_train_steps"] == advice["proposal"]["max_train_steps"]
    assert len(lab.study(study_id)["rounds"]) == 2
    assert lab.get(f"/v1/studies/{study_id}/recommendation")["state"] == "accepted"
    assert lab.study(study_id)["waiting_for"] in ("trials", "worker")


def test_a_proposal_can_be_posted_back_as_a_round_definition(lab: Lab) -> None:
    study_id = lab.judged()
    proposal = lab.get(f"/v1/studies/{study_id}/recommendation")["proposal"]
    opened = lab.post_round(study_id, proposal)
    assert opened["purpose"] == proposal["purpose"]
    assert opened["action"] is None
    assert lab.study(study_id)["waiting_for"] in ("trials", "worker")


def test_a_superseded_recommendation_is_refused(lab: Lab) -> None:
    study_id = lab.judged()
    old = lab.get(f"/v1/studies/{study_id}/recommendation")
    lab.client.post(f"/v1/studies/{study_id}/rounds/1/trials", json={"count": 2})
    lab.train(study_id)
    lab.review()
    problem = lab.post_round(study_id, {"accept": old["id"]}, 409)
    assert problem["type"] == "recommendation-superseded"
    states = [r["state"] for r in lab.get(f"/v1/studies/{study_id}/recommendations")["items"]]
    assert sorted(states) == ["proposed", "superseded"]


def test_check_points_go_on_from_the_checkpoints_of_the_round_they_check(lab: Lab) -> None:
    study_id = lab.judged()
    seen = {}
    for _ in range(8):
        opened = lab.accept(study_id)
        trials = lab.trials(study_id, round=opened["round"])
        seen[opened["max_train_steps"]] = [t["resume"]["step"] for t in trials if t["resume"]]
        if opened["max_train_steps"] == 128:
            break
        lab.train(study_id)
        lab.review()
    assert seen[128], f"the longer check resumes at 64: {seen}"
    assert set(seen[128]) == {64}


def test_a_resume_whose_checkpoint_is_gone_pays_all_steps(lab: Lab) -> None:
    study_id = lab.judged()
    trial = lab.trials(study_id)[0]
    with lab.context.database.writing() as connection:
        connection.execute(update(checkpoints).values(is_forgotten=True))
    point = {"params": trial["params"], "resume": {"trial_id": trial["id"], "step": 64}}
    check = {"purpose": "check", "checks": 1, "max_train_steps": 128}
    opened = lab.post_round(study_id, {**check, "points": [point]})
    (new,) = lab.trials(study_id, round=opened["round"])
    assert new["resume"] is None
    stranger = {"params": trial["params"], "resume": {"trial_id": "trial_nothing", "step": 64}}
    problem = lab.post_round(study_id, {**check, "points": [stranger]}, 422)
    assert "trial_nothing" in problem["detail"]


def test_a_hand_written_round_inherits_from_the_last_tune_round(lab: Lab) -> None:
    study_id = lab.judged()
    opened = lab.post_round(study_id, {"trials": 3, "seeds": [7]})
    assert opened["max_train_steps"] == 64
    assert opened["parameters"]["learning_rate"]["low"] == RATE["low"]
    assert opened["points"] == []
    trials = lab.trials(study_id, round=2)
    assert [t["seed"] for t in trials] == [7, 7, 7]
    rates = {t["params"]["learning_rate"] for t in lab.trials(study_id)}
    assert len(rates) == 11, "the sequence goes on; nothing is drawn twice"


def test_a_round_of_an_unknown_parameter_or_study_without_trials_is_refused(lab: Lab) -> None:
    study_id = lab.judged()
    problem = lab.post_round(study_id, {"points": [{"params": {"rate": 0.1}}]}, 422)
    assert "learning_rate" in problem["hint"] or "learning_rate" in problem["detail"]
    assert "trial" in lab.post_round(study_id, {}, 422)["detail"]
    assert lab.post_round(study_id, {"trials": 2, "max_train_steps": 0}, 422)
    assert len(lab.study(study_id)["rounds"]) == 1


def test_an_enforced_finding_gates_a_longer_round_until_it_is_waived(lab: Lab) -> None:
    study_id = lab.judged(falling)
    advice = lab.get(f"/v1/studies/{study_id}/recommendation")
    assert advice["action"] == "widen_search_space"
    longer = {"max_train_steps": 256, "trials": 4}
    problem = lab.post_round(study_id, longer, 409)
    assert problem["type"] == "blocked-by-findings"
    assert "SPC201" in [finding["code"] for finding in problem["findings"]]
    waiver = {"code": "SPC201", "round": 1, "reason": "the low end is as low as we can go"}
    made = lab.client.post(f"/v1/studies/{study_id}/waivers", json=waiver)
    assert made.status_code == 201, made.text
    assert made.json()["by"] == "test"
    assert lab.post_round(study_id, longer)["max_train_steps"] == 256
    listed = lab.get(f"/v1/studies/{study_id}/waivers")["items"]
    assert [item["id"] for item in listed] == [made.json()["id"]]
    gone = lab.client.delete(f"/v1/studies/{study_id}/waivers/{made.json()['id']}")
    assert gone.status_code == 204
    assert lab.get(f"/v1/studies/{study_id}/waivers")["items"] == []


def test_a_waiver_of_a_rule_that_is_never_waived_or_unknown_is_refused(lab: Lab) -> None:
    study_id = lab.create()["id"]
    for code in ("HZN101", "SPC291"):
        body = {"code": code, "round": None, "reason": "because"}
        answer = lab.client.post(f"/v1/studies/{study_id}/waivers", json=body)
        assert answer.status_code == 422, answer.text


def test_a_widened_round_passes_the_gate_and_skips_the_old_box(lab: Lab) -> None:
    study_id = lab.judged(falling)
    opened = lab.accept(study_id)
    assert opened["action"] == "widen_search_space"
    bounds = opened["parameters"]["learning_rate"]
    assert bounds["low"] < RATE["low"]
    rates = [t["params"]["learning_rate"] for t in lab.trials(study_id, round=2)]
    assert rates
    assert all(rate < RATE["low"] or rate > RATE["high"] for rate in rates)


def test_a_horizon_beyond_the_limit_names_the_limit(lab: Lab) -> None:
    study_id = lab.judged(limits={"rounds": 1})
    problem = lab.post_round(study_id, {"max_train_steps": 32, "trials": 2}, 409)
    assert problem["type"] == "wrong-state"
    assert "limits" in problem["detail"] + problem["hint"]
    patch = {"limits": {"rounds": 2}}
    assert lab.client.patch(f"/v1/studies/{study_id}", json=patch).status_code == 200
    assert lab.post_round(study_id, {"max_train_steps": 32, "trials": 2})["round"] == 2


def test_added_points_reopen_a_round_and_its_new_review_supersedes(lab: Lab) -> None:
    study_id = lab.judged()
    path = f"/v1/studies/{study_id}/rounds/1"
    body = {"points": [{"params": {"learning_rate": 0.05}}]}
    answer = lab.client.post(f"{path}/trials", json=body)
    assert answer.status_code == 201, answer.text
    reopened = lab.get(path)
    assert reopened["state"] == "open"
    assert reopened["counts"]["waiting"] == 1
    assert lab.get(f"{path}/assessment")["provisional"] is True
    lab.train(study_id)
    lab.review()
    assert lab.get(path)["state"] == "closed"
    assert lab.get(f"{path}/assessment")["provisional"] is False
    count = lab.client.post(f"{path}/trials", json={"count": 3})
    assert count.status_code == 201, count.text
    assert lab.get(path)["counts"]["waiting"] == 3
    assert lab.client.post(f"{path}/trials", json={}).status_code == 422


def test_closing_a_round_cancels_what_waits_and_reviews_the_rest(lab: Lab) -> None:
    study_id = lab.create()["id"]
    lab.start_one(study_id)
    path = f"/v1/studies/{study_id}/rounds/1"
    assert lab.client.post(f"{path}/close").status_code == 200
    found = lab.get(path)
    assert found["counts"]["cancelled"] == 7
    assert found["counts"]["running"] == 1
    assert found["state"] == "open", "one trial still runs"
    lab.client.post(f"/v1/trials/{lab.trials(study_id, state='running')[0]['id']}/cancel")
    assert lab.get(path)["state"] == "in_review"


def test_rounds_of_a_cancelled_study_are_refused(lab: Lab) -> None:
    study_id = lab.judged()
    lab.client.post(f"/v1/studies/{study_id}/cancel")
    assert lab.post_round(study_id, {"trials": 2}, 409)["type"] == "wrong-state"
