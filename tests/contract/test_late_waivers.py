"""A waiver or a softer binding that is younger than a review counts in all advice from then on."""

from tests.contract.lab import Json, Lab, falling

CHECK = {
    "purpose": "check",
    "max_train_steps": 16,
    "points": [{"params": {"learning_rate": rate}} for rate in (0.003, 0.006)],
}


def advice_after_a_check(lab: Lab, study_id: str) -> Json:
    """The advice once a hand-written check of round 1 was reviewed."""
    lab.post_round(study_id, CHECK)
    lab.train(study_id, falling)
    lab.review()
    return lab.get(f"/v1/studies/{study_id}/recommendation")


def test_an_edge_that_nobody_waived_is_still_answered(lab: Lab) -> None:
    assert advice_after_a_check(lab, lab.judged(falling))["action"] == "widen_search_space"


def test_a_finding_that_was_waived_after_its_review_is_answered_no_more(lab: Lab) -> None:
    study_id = lab.judged(falling)
    waiver = {"code": "SPC201", "round": 1, "reason": "no lower rate is wanted"}
    assert lab.client.post(f"/v1/studies/{study_id}/waivers", json=waiver).status_code == 201
    assert advice_after_a_check(lab, study_id)["action"] != "widen_search_space"


def test_a_waiver_that_was_taken_back_counts_no_more(lab: Lab) -> None:
    study_id = lab.judged(falling)
    waiver = {"code": "SPC201", "round": None, "reason": "no lower rate is wanted"}
    made = lab.client.post(f"/v1/studies/{study_id}/waivers", json=waiver).json()
    assert advice_after_a_check(lab, study_id)["action"] != "widen_search_space"
    taken_back = lab.client.delete(f"/v1/studies/{study_id}/waivers/{made['id']}")
    assert taken_back.status_code == 204
    more = {"points": [{"params": {"learning_rate": 0.2}}]}
    assert lab.client.post(f"/v1/studies/{study_id}/rounds/2/trials", json=more).status_code == 201
    lab.train(study_id, falling)
    lab.review()
    assert lab.get(f"/v1/studies/{study_id}/recommendation")["action"] == "widen_search_space"


def test_a_binding_that_was_softened_after_the_review_is_heard(lab: Lab) -> None:
    study_id = lab.judged(falling)
    changes = {"bindings": {"SPC201": "off"}}
    assert lab.client.patch(f"/v1/studies/{study_id}", json=changes).status_code == 200
    assert advice_after_a_check(lab, study_id)["action"] != "widen_search_space"
