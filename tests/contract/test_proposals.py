"""Proposals over HTTP: one that cannot run waits for a person, any other can be posted by hand."""

import pytest

from tests.contract.lab import RATE, Lab, bowl


def test_a_proposal_that_cannot_run_waits_for_a_person_and_says_why(lab: Lab) -> None:
    """The first decay fits by luck; of those that are proposed next some do not."""
    decay = {"type": "int", "low": 1, "high": 120, "role": "schedule"}
    study_id = lab.judged(
        bowl,
        parameters={"learning_rate": RATE, "decay": decay},
        schedule={"kind": "linear", "peak": "learning_rate", "decay_steps": "decay"},
        sampler={"kind": "random", "seed": 0},
        trials=1,
        autopilot="on",
    )
    advice = lab.get(f"/v1/studies/{study_id}/recommendation")
    assert (advice["action"], advice["state"]) == ("collect_evidence", "proposed")
    study = lab.study(study_id)
    assert (study["state"], study["waiting_for"]) == ("active", "acceptance")
    assert "cannot run as it is: a decay of" in advice["sentence"]
    problem = lab.accept(study_id, 422)
    assert "does not fit: max_train_steps 64" in problem["detail"]


def test_a_check_of_a_final_round_can_be_posted_by_hand(lab: Lab) -> None:
    study_id = lab.judged(bowl)
    point = {"params": {"learning_rate": 0.03}}
    final = lab.post_round(study_id, {"purpose": "final", "points": [point], "seeds": [7]})
    lab.train(study_id)
    lab.review()
    check = {"purpose": "check", "max_train_steps": 128, "points": [point], "seeds": [7]}
    assert lab.post_round(study_id, {**check, "checks": final["round"]})["purpose"] == "check"


@pytest.mark.parametrize(("seeds", "told"), [([0], 1), ([0, 1], 1), ([1], 0)])
def test_a_point_that_the_round_has_already_is_told(lab: Lab, seeds: list[int], told: int) -> None:
    study_id = lab.judged(bowl)
    ran = lab.trials(study_id)[0]["params"]
    body = {"points": [{"params": ran, "seeds": seeds}]}
    answer = lab.client.post(f"/v1/studies/{study_id}/rounds/1/trials", json=body)
    assert answer.status_code == 201, answer.text
    assert len(answer.json()["trials"]) == len(seeds) - told
    assert len(answer.json()["warnings"]) == told
