"""Trials over HTTP: pages, curves, cancel and retry."""

import math

from app.domain.trials import Trial
from tests.contract.lab import Lab, bowl
from tests.contract.slot import Slot


def exploding(trial: Trial, step: int) -> float:
    """Rates above 0.1 diverge half-way."""
    is_gone = float(trial.params["learning_rate"]) > 0.1 and step > 32
    return math.nan if is_gone else bowl(trial, step)


def test_trials_come_in_pages_and_in_the_order_asked_for(lab: Lab) -> None:
    study_id = lab.create()["id"]
    lab.train(study_id, exploding)
    numbers = []
    path = f"/v1/studies/{study_id}/trials?limit=3"
    cursor: str | None = ""
    while cursor is not None:
        found = lab.get(path + (f"&cursor={cursor}" if cursor else ""))
        numbers += [item["number"] for item in found["items"]]
        cursor = found["next_cursor"]
    assert numbers == list(range(1, 9))
    best_first = lab.trials(study_id, order="best_value")
    alive = [t["best_value"] for t in best_first if t["state"] == "completed"]
    assert alive == sorted(alive)
    assert {t["state"] for t in best_first[len(alive) :]} == {"diverged"}
    only = lab.trials(study_id, state="diverged", round=1)
    assert len(only) == 8 - len(alive) > 0


def test_an_unknown_order_or_cursor_is_a_422(lab: Lab) -> None:
    study_id = lab.create()["id"]
    for query in ("order=colour", "cursor=xyz", "limit=501", "state=nothing"):
        assert lab.client.get(f"/v1/studies/{study_id}/trials?{query}").status_code == 422, query


def test_a_curve_comes_whole_or_in_buckets_that_hide_nothing(lab: Lab) -> None:
    study_id = lab.create()["id"]
    lab.train(study_id, exploding)
    trial = lab.trials(study_id, state="diverged")[0]
    path = f"/v1/trials/{trial['id']}/curve?metric=val_error"
    whole = lab.get(path)
    assert whole["points_total"] == whole["points"] == 32
    assert whole["steps"] == list(range(2, 65, 2))
    assert whole["last"][-1] == "nan"
    assert whole["min"][0] == whole["max"][0] == whole["last"][0]
    assert whole["lineage"][0]["from_step"] == 0
    coarse = lab.get(path + "&points=4")
    assert coarse["points"] == len(coarse["steps"]) == 4
    assert coarse["points_total"] == 32
    assert coarse["min"][0] == min(whole["last"][:8])
    assert coarse["max"][0] == max(whole["last"][:8])
    assert coarse["last"][3] == "nan"


def test_all_curves_of_a_round_come_in_one_call(lab: Lab) -> None:
    study_id = lab.create()["id"]
    lab.train(study_id)
    items = lab.get(f"/v1/studies/{study_id}/curves?metric=val_error&round=1&points=8")["items"]
    assert {item["trial_id"] for item in items} == {t["id"] for t in lab.trials(study_id)}
    assert all(item["points"] == 8 for item in items)


def test_a_cancelled_trial_can_be_retried_while_its_round_is_open(lab: Lab) -> None:
    study_id = lab.create()["id"]
    trial = lab.trials(study_id)[0]
    path = f"/v1/trials/{trial['id']}"
    assert lab.client.post(f"{path}/retry").status_code == 409
    assert lab.client.post(f"{path}/cancel").json()["state"] == "cancelled"
    assert lab.study(study_id)["rounds"][0]["counts"]["cancelled"] == 1
    assert lab.client.post(f"{path}/cancel").status_code == 409
    assert lab.client.post(f"{path}/retry").json()["state"] == "waiting"
    lab.client.post(f"{path}/cancel")
    lab.train(study_id)
    assert lab.study(study_id)["waiting_for"] == "review"
    assert lab.client.post(f"{path}/retry").status_code == 409, "its round is in review"


def test_a_trial_that_runs_is_not_retried_beside_its_attempt(lab: Lab) -> None:
    lab.create(trials=1)
    attempt = Slot(lab).claim()
    answer = lab.client.post(f"/v1/trials/{attempt.trial_id}/retry")
    assert (answer.status_code, answer.json()["type"]) == (409, "wrong-state")
    assert "running" in answer.json()["detail"]
    assert Slot(lab, worker="w2").ask().status_code == 204, "one writer at a time"
    assert attempt.heartbeat(1).status_code == 200


def test_cancelling_the_last_trial_sends_the_round_to_review(lab: Lab) -> None:
    study_id = lab.create(trials=1)["id"]
    running = lab.start_one(study_id)
    assert lab.client.post(f"/v1/trials/{running}/cancel").status_code == 200
    study = lab.study(study_id)
    assert study["rounds"][0]["state"] == "in_review"
    assert study["waiting_for"] == "review"
    assert study["budget"]["steps"] == {
        "limit": None,
        "spent": 6,
        "reserved": 0,
        "lost": 0,
        "remaining": None,
    }
