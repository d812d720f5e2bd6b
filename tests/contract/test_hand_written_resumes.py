"""Points written by hand that resume: an heir continues only what it would have trained itself."""

from typing import Any

import pytest

from tests.contract.lab import STUDY, Lab

Json = Any  # JSON, as the contract says


def trained(lab: Lab, **changes: Json) -> tuple[str, Json]:
    """A study whose round of constant rates has ended, and one of its trials."""
    study_id = lab.judged(**changes)
    return study_id, lab.trials(study_id)[0]


def longer(origin: Json, **changes: Json) -> Json:
    """A check round to 128 steps whose one point begins with the origin's last checkpoint."""
    point = {"params": origin["params"], "resume": {"trial_id": origin["id"], "step": 64}}
    body = {"purpose": "check", "checks": 1, "max_train_steps": 128, "points": [point]}
    point.update(changes.pop("point", {}))
    return {**body, **changes}


def test_a_point_that_agrees_with_its_origin_resumes_it(lab: Lab) -> None:
    study_id, origin = trained(lab)
    assert lab.post_round(study_id, longer(origin))["counts"]["waiting"] == 1
    (heir,) = lab.trials(study_id, round=2)
    assert heir["resume"] == {"trial_id": origin["id"], "step": 64}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"point": {"params": {"learning_rate": 0.0123}}}, "learning_rate is 0.0123"),
        ({"seeds": [7]}, "seed is 7, the origin's is 0"),
        ({"schedule": {"kind": "linear"}}, "the schedules agree up to step 1 only"),
        ({"fixed": {"batch_size": {"value": 8}}}, "batch_size is 8, the origin's is absent"),
        ({"tags": {"data": "v2"}}, "tag data is v2, the origin's is absent"),
        ({"max_train_steps": 64}, "must lie between 1 and 63"),
    ],
)
def test_what_differs_is_named_and_refused(lab: Lab, changes: Json, told: str) -> None:
    study_id, origin = trained(lab)
    problem = lab.post_round(study_id, longer(origin, **changes), 422)
    assert told in problem["detail"]
    assert "leave `resume` out" in problem["hint"]
    assert len(lab.study(study_id)["rounds"]) == 1, "nothing was opened"


def test_a_schedule_that_differs_before_the_resume_is_named_by_its_rule(lab: Lab) -> None:
    study_id, origin = trained(lab)
    problem = lab.post_round(study_id, longer(origin, schedule={"kind": "linear"}), 422)
    (finding,) = problem["findings"]
    assert (problem["type"], finding["code"]) == ("refused-by-rules", "SCH703")
    assert finding["evidence"] == {"resume_step": 64, "schedules_agree_until": 1}
    other = longer(origin, seeds=[7])
    assert lab.post_round(study_id, other, 422)["type"] == "invalid-input", "no rule is about seeds"


def test_a_step_without_a_checkpoint_is_refused_with_those_that_there_are(lab: Lab) -> None:
    study_id, origin = trained(lab)
    point = {"resume": {"trial_id": origin["id"], "step": 32}}
    problem = lab.post_round(study_id, longer(origin, point=point), 422)
    assert "no checkpoint at step 32; it has: 64" in problem["detail"]


def test_a_job_that_is_not_resumable_refuses_every_resume(lab: Lab) -> None:
    study_id, origin = trained(lab, job={**STUDY["job"], "resumable": False})
    problem = lab.post_round(study_id, longer(origin), 422)
    assert "job.resumable" in problem["detail"]


def test_points_added_to_a_round_are_held_to_the_same(lab: Lab) -> None:
    study_id, origin = trained(lab)
    lab.post_round(study_id, longer(origin))
    point = {"params": {"learning_rate": 0.0123}, "resume": {"trial_id": origin["id"], "step": 64}}
    answer = lab.client.post(f"/v1/studies/{study_id}/rounds/2/trials", json={"points": [point]})
    assert (answer.status_code, answer.json()["status"]) == (422, 422)
    assert "learning_rate is 0.0123" in answer.json()["detail"]
