"""Imports over HTTP: finished trials join a round once, under their owner's ids."""

from typing import Any

import pytest
from httpx2 import Response

from tests.contract.lab import Lab
from tests.contract.slot import Slot

Json = Any  # JSON, as the contract says
STEPS = list(range(2, 66, 2))


def told(name: str, rate: float, **changes: Json) -> Json:
    """A finished trial as its owner tells it."""
    values = [0.1 + abs(rate - 0.03) + 1 / step for step in STEPS]
    return {
        "id": name,
        "params": {"learning_rate": rate},
        "outcome": "completed",
        "curve": {"steps": STEPS, "metrics": {"val_error": values}},
        **changes,
    }


def send(lab: Lab, study_id: str, *trials: Json, number: int = 1) -> Response:
    body = {"round": number, "trials": list(trials)}
    return lab.client.post(f"/v1/studies/{study_id}/trials", json=body)


def external(lab: Lab) -> str:
    """A study with one point of its own left to run."""
    return str(lab.create(job="external", trials=1)["id"])


def test_imported_trials_are_trials_with_curves_and_are_reviewed(lab: Lab) -> None:
    study_id = external(lab)
    answer = send(lab, study_id, *(told(f"mine-{i}", 0.005 * (i + 1)) for i in range(9)))
    assert answer.status_code == 201, answer.text
    made = answer.json()["trials"]
    assert [one["caller_id"] for one in made] == [f"mine-{i}" for i in range(9)]
    trial = lab.get(f"/v1/trials/{made[5]['id']}")
    assert (trial["state"], trial["censored"], trial["last_step"]) == ("completed", False, 64)
    assert (trial["best_step"], trial["best_value"]) == (64, 0.1 + 1 / 64)
    curve = lab.get(f"/v1/trials/{trial['id']}/curve?metric=val_error")
    assert curve["steps"] == STEPS
    study = lab.study(study_id)
    assert study["rounds"][0]["counts"]["completed"] == 9
    assert (study["budget"]["steps"]["spent"], study["seconds_per_step"]) == (0, None)
    Slot(lab).claim(study_id=study_id).run(0.9)
    lab.review()
    study = lab.study(study_id)
    assert study["rounds"][0]["state"] == "closed"
    assert study["best"]["trial_id"] == trial["id"]
    assert lab.get(f"/v1/studies/{study_id}/recommendation")["round"] == 1


def test_a_worse_trial_later_does_not_replace_an_imported_best(lab: Lab) -> None:
    study_id = external(lab)
    send(lab, study_id, *(told(f"mine-{i}", 0.005 * (i + 1)) for i in range(9)))
    Slot(lab).claim(study_id=study_id).run(0.9)
    lab.review()
    best = lab.study(study_id)["best"]
    lab.client.post(f"/v1/studies/{study_id}/rounds/1/trials", json={"count": 1})
    Slot(lab).claim(study_id=study_id).run(0.8)
    assert lab.study(study_id)["best"]["trial_id"] == best["trial_id"]


def test_a_caller_s_id_is_imported_once_a_round(lab: Lab) -> None:
    study_id = external(lab)
    first = send(lab, study_id, told("a", 0.01)).json()["trials"]
    again = send(lab, study_id, told("a", 0.01), told("b", 0.02)).json()["trials"]
    assert again[0] == first[0]
    assert lab.study(study_id)["rounds"][0]["counts"]["completed"] == 2
    twice = send(lab, study_id, told("c", 0.01, seed=1), told("c", 0.02))
    assert (twice.status_code, twice.json()["status"]) == (422, 422)


def test_another_horizon_is_refused_by_hzn101_and_nothing_is_stored(lab: Lab) -> None:
    study_id = external(lab)
    answer = send(lab, study_id, told("a", 0.01), told("b", 0.02, max_train_steps=128))
    assert answer.status_code == 422
    problem = answer.json()
    assert [(f["code"], f["trial_ids"]) for f in problem["findings"]] == [("HZN101", ["b"])]
    assert lab.study(study_id)["rounds"][0]["counts"]["completed"] == 0


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"curve": {"steps": [64, 65], "metrics": {"val_error": [1, 2]}}}, "step 65"),
        ({"curve": {"steps": [4, 2], "metrics": {"val_error": [1, 2]}}}, "ascend"),
        ({"params": {"rate": 0.1}}, "rate"),
        ({"promoted_from": "nobody"}, "nobody"),
        ({"id": ""}, "id"),
    ],
)
def test_what_cannot_be_stored_is_a_422_that_names_it(lab: Lab, changes: Json, word: str) -> None:
    study_id = external(lab)
    answer = send(lab, study_id, told("a", 0.01, **changes))
    assert answer.status_code == 422, answer.text
    assert word in answer.json()["detail"]


def test_how_it_ended_is_what_its_owner_and_its_curve_say(lab: Lab) -> None:
    study_id = external(lab)
    short = {"steps": [2, 4], "metrics": {"val_error": [0.9, 0.8]}}
    exploded = {"steps": [2, 4], "metrics": {"val_error": [0.9, "nan"]}}
    silent = {"steps": [2, 64], "metrics": {"val_error": [None, None]}}
    ids = [
        one["id"]
        for one in send(
            lab,
            study_id,
            told("short", 0.01, curve=short),
            told("declared", 0.02, outcome="censored"),
            told("exploded", 0.03, curve=exploded),
            told("silent", 0.04, curve=silent),
            told("failed", 0.05, outcome="failed"),
        ).json()["trials"]
    ]
    found = [lab.get(f"/v1/trials/{one}") for one in ids]
    assert [(t["state"], t["censored"]) for t in found] == [
        ("completed", True),
        ("completed", True),
        ("diverged", False),
        ("failed", False),
        ("failed", False),
    ]


def test_replicates_without_a_seed_get_seeds_of_their_own(lab: Lab) -> None:
    study_id = external(lab)
    made = send(lab, study_id, told("a", 0.01), told("b", 0.01), told("c", 0.01, seed=0)).json()
    seeds = [lab.get(f"/v1/trials/{one['id']}")["seed"] for one in made["trials"]]
    assert seeds == [1, 2, 0]
    whole = send(lab, study_id, told("e", 1), told("f", 1.0)).json()["trials"]
    assert [lab.get(f"/v1/trials/{one['id']}")["seed"] for one in whole] == [0, 1]
    taken = send(lab, study_id, told("d", 0.01, seed=2))
    assert (taken.status_code, "seed 2" in taken.json()["detail"]) == (422, True)


def test_an_import_into_a_reviewed_round_has_it_reviewed_again(lab: Lab) -> None:
    study_id = lab.judged()
    before = lab.study(study_id)["recommendation_id"]
    assert send(lab, study_id, told("late", 0.0311)).status_code == 201
    assert lab.study(study_id)["waiting_for"] == "review"
    lab.review()
    assert lab.study(study_id)["recommendation_id"] != before


def test_a_promoted_trial_names_its_origin_by_the_owner_s_id(lab: Lab) -> None:
    study_id = external(lab)
    first = send(lab, study_id, told("a", 0.01)).json()["trials"][0]["id"]
    second = send(lab, study_id, told("b", 0.02, promoted_from="a")).json()["trials"][0]["id"]
    assert lab.get(f"/v1/trials/{second}")["origin"] == {"trial_id": first, "relation": "variant"}
