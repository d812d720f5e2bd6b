"""Rounds that run side by side, and what a hand-written round may name."""

from tests.contract.lab import Json, Lab

FINAL = {"purpose": "final", "points": [{"params": {"learning_rate": 0.03}}], "seeds": [5]}


def train_round(lab: Lab, study_id: str, number: int) -> None:
    """Let this round's trials end and be reviewed, while those of other rounds still run."""
    others = [t["id"] for t in lab.trials(study_id, state="waiting") if t["round"] != number]
    assert others
    running = [lab.start_one(study_id) for _ in others]
    assert sorted(running) == sorted(others)
    lab.train(study_id)
    lab.review()


def overlapping(lab: Lab) -> str:
    """A study whose tune round runs again beside a final round that has been reviewed."""
    study_id = lab.judged(autopilot="gated")
    lab.post_round(study_id, {"points": [{"params": {"learning_rate": 0.05}}]})
    lab.post_round(study_id, FINAL)
    train_round(lab, study_id, 3)
    return study_id


def test_a_study_does_not_end_over_rounds_that_still_run(lab: Lab) -> None:
    study = lab.study(overlapping(lab))
    states = [(one["purpose"], one["state"]) for one in study["rounds"]]
    assert states == [("tune", "closed"), ("tune", "open"), ("final", "closed")]
    assert (study["state"], study["waiting_for"]) == ("active", "trials")


def test_accepting_the_end_names_the_rounds_that_still_run(lab: Lab) -> None:
    study_id = overlapping(lab)
    assert lab.get(f"/v1/studies/{study_id}/recommendation")["action"] == "finish"
    problem = lab.accept(study_id, 409)
    assert problem["type"] == "wrong-state"
    assert problem["detail"].endswith(": 2")


def test_a_round_that_ends_later_has_the_last_word(lab: Lab) -> None:
    study_id = overlapping(lab)
    lab.client.post(f"/v1/studies/{study_id}/rounds/2/close")
    (running,) = lab.trials(study_id, state="running")
    lab.client.post(f"/v1/trials/{running['id']}/cancel")
    lab.review()
    advice = lab.get(f"/v1/studies/{study_id}/recommendation")
    assert advice["round"] == 2
    told: list[Json] = lab.get(f"/v1/studies/{study_id}/recommendations")["items"]
    assert [one["state"] for one in told if one["action"] == "finish"] == ["superseded"]


def test_a_check_without_a_name_checks_the_last_tune_round(lab: Lab) -> None:
    study_id = lab.judged()
    check = {"purpose": "check", "max_train_steps": 32, "points": FINAL["points"]}
    assert lab.post_round(study_id, check)["checks"] == 1
    problem = lab.post_round(study_id, {**check, "checks": 2}, 422)
    assert "no tune or final round" in problem["detail"]
    assert "1" in problem["hint"]


def test_an_origin_that_is_no_trial_of_the_study_is_refused(lab: Lab) -> None:
    study_id = lab.judged()
    mine = lab.trials(study_id)[0]
    stranger = lab.trials(str(lab.create()["id"]))[0]
    for trial, status in ((mine, 201), (stranger, 422), ({**mine, "id": "trial_x"}, 422)):
        point = {"params": mine["params"], "origin": {"trial_id": trial["id"], "relation": "same"}}
        answer = lab.post_round(study_id, {"points": [point], "seeds": [9]}, status)
        assert status == 201 or trial["id"] in answer["detail"]
    point = {"params": mine["params"], "origin": {"trial_id": "trial_x"}, "seeds": [11]}
    more = lab.client.post(f"/v1/studies/{study_id}/rounds/1/trials", json={"points": [point]})
    assert more.status_code == 422
