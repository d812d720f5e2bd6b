"""Limits that stop a study, and the PATCH that lets it go on."""

from app.conductor.autopilot import apply_autopilot
from app.db import studies, trials
from app.domain.ids import StudyId
from app.domain.states import StudyState
from app.services import waiting
from tests.contract.lab import Lab


def pause_for_limit(lab: Lab, study_id: str) -> None:
    """As the service does when the limit is spent."""
    with lab.context.database.writing() as connection:
        trials.set_open(connection, StudyId(study_id), is_open=False)
        study = studies.lock(connection, StudyId(study_id))
        studies.change_state(connection, study, StudyState.PAUSED)
        studies.write(connection, study.id, waiting_for=waiting.LIMIT)


def patch(lab: Lab, study_id: str, **body: object) -> dict[str, object]:
    answer = lab.client.patch(f"/v1/studies/{study_id}", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_raising_a_limit_resumes_a_study_that_was_paused_for_it(lab: Lab) -> None:
    study_id = lab.create(limits={"total_steps": 1000})["id"]
    pause_for_limit(lab, study_id)
    assert lab.study(study_id)["waiting_for"] == "limit"
    assert patch(lab, study_id, limits={"total_steps": 5000})["state"] == "active"
    with lab.context.database.reading() as connection:
        assert all(trial.is_open for trial in trials.of_study(connection, StudyId(study_id)))


def test_raising_a_limit_does_not_resume_what_a_person_paused(lab: Lab) -> None:
    study_id = lab.create(limits={"total_steps": 1000})["id"]
    lab.client.post(f"/v1/studies/{study_id}/pause")
    assert patch(lab, study_id, limits={"total_steps": 5000})["state"] == "paused"


def test_a_limit_below_what_is_reserved_is_refused_with_the_number(lab: Lab) -> None:
    study_id = lab.create(limits={"total_steps": 1000})["id"]
    lab.start_one(study_id)
    answer = lab.client.patch(f"/v1/studies/{study_id}", json={"limits": {"total_steps": 10}})
    assert answer.status_code == 422
    assert "64" in answer.json()["detail"]


def test_null_takes_a_limit_away_and_others_stay(lab: Lab) -> None:
    study_id = lab.create(limits={"total_steps": 1000, "rounds": 2})["id"]
    definition = patch(lab, study_id, limits={"total_steps": None})["definition"]
    assert isinstance(definition, dict)
    assert definition["limits"]["total_steps"] is None
    assert definition["limits"]["rounds"] == 2


def test_autopilot_switched_on_after_the_review_accepts_what_is_open(lab: Lab) -> None:
    study_id = lab.judged()
    assert apply_autopilot(lab.context) == 0
    patch(lab, study_id, autopilot="on")
    assert apply_autopilot(lab.context) == 1
    assert len(lab.study(study_id)["rounds"]) == 2


def test_the_autopilot_goes_on_once_its_limit_is_raised(lab: Lab) -> None:
    study_id = lab.judged(autopilot="on", limits={"total_steps": 20})
    assert lab.study(study_id)["waiting_for"] == "limit"
    assert apply_autopilot(lab.context) == 0
    patch(lab, study_id, limits={"total_steps": 10_000})
    assert apply_autopilot(lab.context) == 1
    assert lab.study(study_id)["waiting_for"] in ("trials", "worker")


def test_accepting_while_paused_for_the_limit_is_refused_with_the_command(lab: Lab) -> None:
    study_id = lab.judged(limits={"total_steps": 600})
    pause_for_limit(lab, study_id)
    problem = lab.accept(study_id, status=409)
    assert problem["type"] == "wrong-state"
    assert "of 600 steps" in problem["detail"]
    assert f"paceline study change {study_id} --total-steps" in problem["hint"]
    assert len(lab.study(study_id)["rounds"]) == 1
    patch(lab, study_id, limits={"total_steps": 10_000})
    assert lab.accept(study_id)["round"] == 2


def test_the_rest_of_each_limit_is_told(lab: Lab) -> None:
    study_id = lab.create(limits={"total_steps": 1000})["id"]
    lab.start_one(study_id)
    budget = lab.study(study_id)["budget"]
    assert budget["steps"]["remaining"] == 1000 - 64
    assert budget["gpu_seconds"]["remaining"] is None
    assert "936 left" in lab.client.get(f"/studies/{study_id}").text


def test_advice_is_admitted_again_when_it_is_accepted(lab: Lab) -> None:
    study_id = lab.judged()
    patch(
        lab, study_id, bindings={"CKP303": "enforce"}, settings={"CKP303.least_evaluations": 100.0}
    )
    problem = lab.accept(study_id, status=422)
    assert problem["type"] == "refused-by-rules"
    assert [finding["code"] for finding in problem["findings"]] == ["CKP303"]
    assert len(lab.study(study_id)["rounds"]) == 1
    patch(lab, study_id, bindings={"CKP303": "warn"})
    assert lab.accept(study_id)["round"] == 2


def test_the_autopilot_leaves_advice_that_is_not_admitted_to_a_person(lab: Lab) -> None:
    study_id = lab.judged()
    patch(
        lab, study_id, bindings={"CKP303": "enforce"}, settings={"CKP303.least_evaluations": 100.0}
    )
    patch(lab, study_id, autopilot="on")
    assert apply_autopilot(lab.context) == 0
    assert "cannot run as it is" in lab.get(f"/v1/studies/{study_id}/recommendation")["sentence"]
    assert lab.study(study_id)["waiting_for"] == "acceptance"
