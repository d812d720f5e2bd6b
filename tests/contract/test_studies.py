"""Studies over HTTP: what creation checks and opens, and what a person may change afterwards."""

from typing import Any

import pytest

from app.services.tokens import create_token
from tests.contract.lab import RATE, STUDY, Lab

Json = Any  # JSON, as the contract says
FIELDS = {
    "id",
    "name",
    "state",
    "waiting_for",
    "workload",
    "definition",
    "rounds",
    "best",
    "seconds_per_step",
    "budget",
    "recommendation_id",
    "created_at",
    "updated_at",
}
ROUND_FIELDS = {
    "purpose",
    "max_train_steps",
    "parameters",
    "fixed",
    "schedule",
    "evaluate_every_steps",
    "checkpoint_steps",
    "sampler",
    "trials",
    "points",
    "seeds",
    "tags",
    "round",
    "action",
    "recommendation_id",
    "state",
    "counts",
    "opened_at",
    "closed_at",
}
TRIAL_FIELDS = {
    "id",
    "study_id",
    "round",
    "number",
    "state",
    "censored",
    "params",
    "seed",
    "max_train_steps",
    "origin",
    "resume",
    "last_step",
    "best_step",
    "best_value",
    "best_step_fraction",
    "reason",
    "attempts",
    "checkpoints",
}


def test_a_posted_study_opens_its_first_round_with_trials(lab: Lab) -> None:
    study = lab.create(seeds=[0, 1], points=[{"learning_rate": 0.01}])
    assert set(study) >= FIELDS
    assert study["state"] == "active"
    assert study["waiting_for"] in ("trials", "worker")
    assert study["budget"]["steps"] == {
        "limit": None,
        "spent": 0,
        "reserved": 0,
        "lost": 0,
        "remaining": None,
    }
    (first,) = study["rounds"]
    assert set(first) >= ROUND_FIELDS
    assert first["state"] == "open"
    assert first["counts"]["waiting"] == 18
    trials = lab.trials(study["id"])
    assert len(trials) == 18
    assert set(trials[0]) >= TRIAL_FIELDS
    assert [t["params"]["learning_rate"] for t in trials[:2]] == [0.01, 0.01]
    assert [t["seed"] for t in trials[:2]] == [0, 1]
    assert all(0.003 <= t["params"]["learning_rate"] <= 0.3 for t in trials)
    assert len({t["params"]["learning_rate"] for t in trials}) == 9


def test_a_dry_run_stores_nothing_and_says_what_it_would_cost(lab: Lab) -> None:
    answer = lab.client.post("/v1/studies?dry_run=true", json=STUDY)
    assert answer.status_code == 200, answer.text
    plan = answer.json()
    assert plan["round"]["max_train_steps"] == 64
    assert plan["cost"]["steps"] == 8 * 64
    assert {verdict["verdict"] for verdict in plan["verdicts"]} <= {
        "clear",
        "finding",
        "inconclusive",
    }
    assert lab.get("/v1/studies")["items"] == []


BROKEN: dict[str, tuple[Json, str]] = {
    "a name with a blank": ({"name": "two words"}, "two words"),
    "a metric's name": ({"objective": {"metric": "1/loss"}}, "1/loss"),
    "nothing to run": ({"trials": None}, "trials"),
    "repeated seeds": ({"seeds": [1, 1]}, "seed"),
    "an unknown rule": ({"bindings": {"SPC291": "warn"}}, "SPC201"),
    "an unknown threshold": ({"settings": {"CKP302.min_shares": 1.0}}, "CKP302.min_share"),
    "an unknown parameter in a point": ({"points": [{"learning_rat": 0.1}]}, "learning_rate"),
    "an unknown name in the schedule": (
        {"schedule": {"kind": "constant", "peak": "learning_rat"}},
        "learning_rate",
    ),
    "a grid without points": ({"sampler": {"kind": "grid"}, "trials": None}, "points"),
    "a horizon beyond production": ({"production_steps": 10}, "production_steps"),
    "no steps": ({"max_train_steps": 0}, "max_train_steps"),
    "a search for a fit that nobody can tell": (
        {"max_train_steps": {"auto": {"start_steps": 5, "cap_steps": 50}}},
        "training_metric.perfect",
    ),
    "a search that starts beyond its cap": (
        {"max_train_steps": {"auto": {"start_steps": 50, "cap_steps": 5}}},
        "cap_steps",
    ),
    "a search that starts at nothing": (
        {"max_train_steps": {"auto": {"start_steps": 0, "cap_steps": 5}}},
        "start_steps",
    ),
    "a search with a word too much": (
        {"max_train_steps": {"auto": {"start_steps": 1, "cap_steps": 5, "by": 2}}},
        "by",
    ),
    "a compute-bound search without its production length": (
        {
            "max_train_steps": {"auto": {"start_steps": 5, "cap_steps": 50}},
            "workload": "compute_bound",
        },
        "production_steps",
    ),
    "no production length": ({"production_steps": 0}, "production_steps"),
    "an unknown field": ({"max_epochs": 3}, "max_epochs"),
}


@pytest.mark.parametrize(("changes", "word"), BROKEN.values(), ids=BROKEN)
def test_a_broken_definition_is_refused_in_words_that_help(
    lab: Lab, changes: Json, word: str
) -> None:
    answer = lab.client.post("/v1/studies", json={**STUDY, **changes})
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert word in problem["detail"] + problem["hint"]
    assert lab.get("/v1/studies")["items"] == []


def test_a_horizon_in_disguise_is_refused_with_the_finding(lab: Lab) -> None:
    epochs = {"type": "int", "low": 1, "high": 9}
    body = {**STUDY, "parameters": {"learning_rate": RATE, "epochs": epochs}}
    answer = lab.client.post("/v1/studies", json=body)
    assert answer.status_code == 422
    assert answer.json()["type"] == "refused-by-rules"
    assert [finding["code"] for finding in answer.json()["findings"]] == ["HZN102"]
    lab.create(parameters=body["parameters"], bindings={"HZN102": "warn"}, trials=30)


def test_commands_want_their_own_scope(lab: Lab) -> None:
    token = create_token(lab.context, "no commands", ["studies:read", "studies:write"]).text
    headers = {"Authorization": f"Bearer {token}"}
    answer = lab.client.post("/v1/studies", json=STUDY, headers=headers)
    assert answer.status_code == 403
    assert "commands:run" in answer.json()["detail"]
    external = {**STUDY, "job": "external"}
    assert lab.client.post("/v1/studies", json=external, headers=headers).status_code == 201


def test_a_repeated_request_with_one_key_makes_one_study(lab: Lab) -> None:
    headers = {"Idempotency-Key": "once"}
    first = lab.client.post("/v1/studies", json=STUDY, headers=headers)
    again = lab.client.post("/v1/studies", json=STUDY, headers=headers)
    assert first.status_code == again.status_code == 201
    assert first.json()["id"] == again.json()["id"]
    assert len(lab.get("/v1/studies")["items"]) == 1
    other = lab.client.post("/v1/studies", json={**STUDY, "name": "other"}, headers=headers)
    assert other.status_code == 422
    assert other.json()["type"] == "idempotency-key-reused"


def test_a_draft_opens_its_first_round_when_it_is_started(lab: Lab) -> None:
    study = lab.create(start=False)
    assert study["state"] == "draft"
    assert study["waiting_for"] is None
    started = lab.client.post(f"/v1/studies/{study['id']}/start").json()
    assert started["state"] == "active"
    assert started["rounds"][0]["counts"]["waiting"] == 8
    again = lab.client.post(f"/v1/studies/{study['id']}/start")
    assert again.status_code == 409


def test_studies_are_listed_newest_first_page_by_page(lab: Lab) -> None:
    made = [lab.create(name=f"s{number}")["id"] for number in range(3)]
    first = lab.get("/v1/studies?limit=2")
    assert [item["id"] for item in first["items"]] == made[:0:-1]
    rest = lab.get(f"/v1/studies?limit=2&cursor={first['next_cursor']}")
    assert [item["id"] for item in rest["items"]] == made[:1]
    assert rest["next_cursor"] is None


def test_an_unchanged_study_is_a_304_and_a_changed_one_is_not(lab: Lab) -> None:
    study_id = lab.create()["id"]
    path = f"/v1/studies/{study_id}"
    tag = lab.client.get(path).headers["etag"]
    assert lab.client.get(path, headers={"If-None-Match": tag}).status_code == 304
    lab.train(study_id)
    assert lab.client.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_patch_changes_what_may_change_and_nothing_else(lab: Lab) -> None:
    study_id = lab.create()["id"]
    body = {"priority": 5, "limits": {"total_steps": 1000}, "bindings": {"CKP302": "off"}}
    answer = lab.client.patch(f"/v1/studies/{study_id}", json=body)
    assert answer.status_code == 200, answer.text
    definition = answer.json()["definition"]
    assert definition["priority"] == 5
    assert definition["limits"]["total_steps"] == 1000
    assert definition["limits"]["rounds"] == 3
    assert definition["bindings"] == {"CKP302": "off"}
    assert answer.json()["budget"]["steps"]["limit"] == 1000
    refused = lab.client.patch(f"/v1/studies/{study_id}", json={"max_train_steps": 5})
    assert refused.status_code == 422


def test_pause_asks_running_attempts_to_stop_and_resume_goes_on(lab: Lab) -> None:
    study_id = lab.create()["id"]
    lab.start_one(study_id)
    paused = lab.client.post(f"/v1/studies/{study_id}/pause").json()
    assert paused["state"] == "paused"
    assert lab.client.post(f"/v1/studies/{study_id}/pause").status_code == 409
    resumed = lab.client.post(f"/v1/studies/{study_id}/resume").json()
    assert resumed["state"] == "active"
    assert resumed["waiting_for"] in ("trials", "worker")


def test_cancel_ends_trials_and_gives_their_reservation_back(lab: Lab) -> None:
    study_id = lab.create()["id"]
    running = lab.start_one(study_id)
    cancelled = lab.client.post(f"/v1/studies/{study_id}/cancel").json()
    assert cancelled["state"] == "cancelled"
    assert cancelled["waiting_for"] is None
    assert cancelled["rounds"][0]["counts"]["cancelled"] == 8
    assert cancelled["budget"]["steps"]["reserved"] == 0
    assert cancelled["budget"]["steps"]["spent"] == 6, "the steps that the attempt had done"
    trial = lab.get(f"/v1/trials/{running}")
    assert trial["state"] == "cancelled"
    assert [attempt["state"] for attempt in trial["attempts"]] == ["cancelled"]
    lab.review()
    assert lab.client.get(f"/v1/studies/{study_id}/recommendation").status_code == 404


def test_an_unknown_study_is_a_404(lab: Lab) -> None:
    for path in ("", "/recommendation", "/recommendations", "/trials", "/rounds/1", "/waivers"):
        assert lab.client.get(f"/v1/studies/study_nothing{path}").status_code == 404, path
    assert lab.client.get("/v1/trials/trial_nothing").status_code == 404
