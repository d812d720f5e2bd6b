"""Reviews: a round's last trial leads to an assessment and a recommendation, and so to the end."""

import math
from typing import Any

import pytest

from app.db import rounds, studies
from app.domain.ids import StudyId
from app.domain.trials import Trial
from app.policy import engine
from app.policy.catalogue import rules_of
from app.policy.rule import Stage
from app.services import reviews, waiting
from tests.contract.lab import Lab, bowl

Json = Any  # JSON, as the contract says
RECOMMENDATION_FIELDS = {
    "id",
    "study_id",
    "round",
    "action",
    "sentence",
    "max_train_steps",
    "parameters",
    "promote",
    "schedule",
    "confidence",
    "reasons",
    "would_change_my_mind",
    "cost",
    "proposal",
    "state",
}
VERDICT_FIELDS = {
    "code",
    "title",
    "verdict",
    "severity",
    "binding",
    "message",
    "action",
    "claims",
    "n_used",
    "rounds_used",
    "statistic",
    "threshold",
    "interval",
    "evidence",
    "missing",
    "trial_ids",
    "rule_version",
}


def test_before_the_first_review_there_is_a_hint_instead_of_advice(lab: Lab) -> None:
    study_id = lab.create()["id"]
    answer = lab.client.get(f"/v1/studies/{study_id}/recommendation")
    assert answer.status_code == 404
    assert answer.json()["hint"]
    assert lab.get(f"/v1/studies/{study_id}/recommendations")["items"] == []


def test_the_last_trial_leads_to_an_assessment_and_a_recommendation(lab: Lab) -> None:
    study_id = lab.create()["id"]
    provisional = lab.get(f"/v1/studies/{study_id}/rounds/1/assessment")
    assert provisional["provisional"] is True
    lab.train(study_id)
    assert lab.study(study_id)["waiting_for"] == "review"
    lab.review()
    study = lab.study(study_id)
    assert study["waiting_for"] == "acceptance"
    assert study["rounds"][0]["state"] == "closed"
    assert study["rounds"][0]["closed_at"]
    assessment = lab.get(f"/v1/studies/{study_id}/rounds/1/assessment")
    assert assessment["provisional"] is False
    codes = {verdict["code"] for verdict in assessment["verdicts"]}
    assert codes == {rule.code for rule in rules_of(Stage.ROUND_REVIEW)}
    assert all(set(verdict) >= VERDICT_FIELDS for verdict in assessment["verdicts"])
    advice = lab.get(f"/v1/studies/{study_id}/recommendation")
    assert set(advice) >= RECOMMENDATION_FIELDS
    assert advice["state"] == "proposed"
    assert advice["id"] == study["recommendation_id"]
    assert advice["promote"]


def test_the_best_trial_is_named_with_its_checkpoint(lab: Lab) -> None:
    study_id = lab.judged()
    best = lab.study(study_id)["best"]
    trials = lab.trials(study_id)
    least = min(trials, key=lambda trial: trial["best_value"])
    assert best["trial_id"] == least["id"]
    assert best["value"] == pytest.approx(least["best_value"])
    assert best["step"] == least["best_step"]
    assert {"step", "store", "key", "bytes"} <= set(best["checkpoint"])


def test_a_study_goes_from_post_to_completed_by_accepting(lab: Lab) -> None:
    study_id = lab.judged()
    actions = []
    for _ in range(12):
        study = lab.study(study_id)
        if study["state"] == "completed":
            break
        if study["waiting_for"] == "acceptance":
            actions.append(lab.accept(study_id)["action"])
        lab.train(study_id)
        lab.review()
    assert study["state"] == "completed", actions
    assert study["waiting_for"] is None
    assert actions[-1] == "promote"
    assert study["rounds"][-1]["purpose"] == "final"
    last = lab.get(f"/v1/studies/{study_id}/recommendation")
    assert (last["action"], last["state"]) == ("finish", "accepted")
    finals = {t["id"] for t in lab.trials(study_id, round=study["rounds"][-1]["round"])}
    assert study["best"]["trial_id"] in finals | {t["id"] for t in lab.trials(study_id)}


def test_autopilot_on_runs_to_the_end_without_a_person(lab: Lab) -> None:
    study_id = lab.judged(autopilot="on")
    for _ in range(12):
        lab.train(study_id)
        lab.review()
        study = lab.study(study_id)
        assert study["waiting_for"] != "acceptance", lab.get(
            f"/v1/studies/{study_id}/recommendation"
        )
        if study["state"] == "completed":
            break
    assert study["state"] == "completed"


def test_autopilot_waits_for_the_limit_that_a_proposal_would_pass(lab: Lab) -> None:
    study_id = lab.judged(autopilot="on", limits={"total_steps": 8 * 64 + 1})
    # the lab trains outside the books: say what was spent
    with lab.context.database.writing() as connection:
        studies.write(connection, StudyId(study_id), steps_spent=8 * 64)
        waiting.refresh(connection, StudyId(study_id))
    assert lab.study(study_id)["waiting_for"] in ("limit", "trials", "worker")


def test_open_advice_says_why_it_waits_for_a_person(lab: Lab) -> None:
    study_id = lab.judged()
    where = f"/v1/studies/{study_id}/recommendation"
    assert "autopilot is gated" in lab.get(where)["waits_because"]
    scarce = {"autopilot": "on", "limits": {"total_steps": 1}}
    assert lab.client.patch(f"/v1/studies/{study_id}", json=scarce).status_code == 200
    assert "more than the study's limits leave" in lab.get(where)["waits_because"]
    plenty = {"limits": {"total_steps": None}}
    assert lab.client.patch(f"/v1/studies/{study_id}", json=plenty).status_code == 200
    assert lab.get(where)["waits_because"] is None


def test_gated_goes_on_with_an_accepted_chain_of_checks_only(lab: Lab) -> None:
    study_id = lab.judged()
    for _ in range(8):
        opened = lab.accept(study_id)
        if opened["action"] == "check_horizon":
            break
        lab.train(study_id)
        lab.review()
    before = len(lab.study(study_id)["rounds"])
    lab.train(study_id)
    lab.review()
    study = lab.study(study_id)
    if len(study["rounds"]) > before:
        assert study["rounds"][-1]["action"] == "check_horizon"
    else:
        assert study["waiting_for"] == "acceptance"


def test_two_conductors_review_a_round_once(lab: Lab) -> None:
    study_id = lab.create()["id"]
    lab.train(study_id)
    ((found, number),) = reviews.rounds_to_review(lab.context)
    assert reviews.review_round(lab.context, found, number)
    assert not reviews.review_round(lab.context, found, number)
    assert len(lab.get(f"/v1/studies/{study_id}/recommendations")["items"]) == 1


def test_a_round_that_was_reopened_while_it_was_judged_is_not_closed(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    study_id = lab.create()["id"]
    lab.train(study_id)
    judge = engine.assess

    def reopen_meanwhile(*args: Json, **more: Json) -> Json:
        path = f"/v1/studies/{study_id}/rounds/1/trials"
        assert lab.client.post(path, json={"count": 1}).status_code == 201
        return judge(*args, **more)

    monkeypatch.setattr(reviews, "assess", reopen_meanwhile)
    lab.review()
    assert lab.study(study_id)["rounds"][0]["state"] == "open"
    with lab.context.database.reading() as connection:
        assert rounds.assessment_of(connection, StudyId(study_id), 1) is None
    assert lab.get(f"/v1/studies/{study_id}/recommendations")["items"] == []


def test_when_everything_diverged_a_person_is_asked(lab: Lab) -> None:
    def explode(trial: Trial, step: int) -> float:
        return math.nan if step > 2 else float(trial.seed)

    study_id = lab.judged(explode)
    advice = lab.get(f"/v1/studies/{study_id}/recommendation")
    assert advice["promote"] == []
    assert lab.study(study_id)["waiting_for"] == "acceptance"
    if advice["proposal"] is None:
        problem = lab.post_round(study_id, {"accept": advice["id"]}, 409)
        assert problem["hint"]


def test_a_maximised_metric_is_judged_and_shown_in_its_own_direction(lab: Lab) -> None:
    def accuracy(trial: Trial, step: int) -> float:
        return 1.0 - bowl(trial, step) / 2

    objective = {"metric": "val_error", "direction": "maximize", "tolerance": 0.01}
    study_id = lab.create(objective=objective)["id"]
    lab.train(study_id, accuracy)
    lab.review()
    advice = lab.get(f"/v1/studies/{study_id}/recommendation")
    assert advice["promote"]
    assert lab.study(study_id)["best"] is not None
