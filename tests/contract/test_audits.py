"""Audits over HTTP: rounds of somebody else's, judged and advised upon, and what is refused."""

import pytest

from tests.contract.audited import HORIZON, RATE, RATES, audit_of, judged, run, sweep, verdicts
from tests.contract.lab import Json, Lab


def refusal(lab: Lab, body: Json) -> str:
    answer = lab.client.post("/v1/audits", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return str(answer.json()["detail"])


def test_edge_is_found_and_every_rule_of_the_stages_answers(lab: Lab) -> None:
    answer = judged(lab, audit_of(sweep(best=10.0)))
    found = verdicts(answer)
    assert found["SPC201"]["evidence"]["side"] == "high"
    assert {"HZN101", "HZN102", "HZN103", "HZN105", "INI405", "CKP302", "PRM602"} <= set(found)
    assert answer["recommendation"]["action"] == "widen_search_space"
    assert answer["recommendation"]["parameters"]["learning_rate"]["high"] > 1.0


def test_curves_that_still_fall_ask_for_longer_and_never_for_a_check(lab: Lab) -> None:
    advice = judged(lab, audit_of(sweep(speed=1.0)))["recommendation"]
    assert advice["action"] == "extend_horizon"
    assert advice["max_train_steps"]["recommended"] == 2 * HORIZON
    assert advice["proposal"]["max_train_steps"] == 2 * HORIZON


def test_curves_that_arrive_early_ask_for_shorter(lab: Lab) -> None:
    advice = judged(lab, audit_of(sweep(speed=100.0)))["recommendation"]
    assert advice["action"] == "reduce_horizon"
    assert advice["max_train_steps"]["recommended"] <= 0.8 * HORIZON


def test_horizon_that_fits_promotes_the_callers_trials(lab: Lab) -> None:
    advice = judged(lab, audit_of(sweep(speed=14.0)))["recommendation"]
    assert advice["action"] == "promote"
    assert advice["promote"][0]["trial_id"] == "t4"


def test_sweep_sets_the_initial_horizon_unmultiplied(lab: Lab) -> None:
    trials = [run(i, rate) for i, rate in enumerate(RATES)]
    for place, trial in enumerate(trials):
        hit = 8 + 4 * abs(place - 5)
        errors = [round(max(0.0, 0.5 * (1 - (j + 1) / hit)), 6) for j in range(40)]
        trial["curve"]["metrics"]["train_error"] = errors
    training = {"metric": "train_error", "perfect": 0.0, "tolerance": 0.001}
    body = audit_of(trials, purpose="lr_sweep", training_metric=training)
    advice = judged(lab, body)["recommendation"]
    assert advice["action"] == "set_initial_horizon"
    assert advice["max_train_steps"]["recommended"] == 400


def test_findings_of_admission_rules_are_answers_not_refusals(lab: Lab) -> None:
    parameters = {"learning_rate": RATE, "num_epochs": {"type": "int", "low": 5, "high": 50}}
    trials = [{**t, "params": {**t["params"], "num_epochs": 10}} for t in sweep()]
    assert verdicts(judged(lab, audit_of(trials, parameters=parameters)))["HZN102"]["verdict"] == (
        "finding"
    )


def test_measurement_beyond_the_horizon_is_a_finding_that_names_the_trial(lab: Lab) -> None:
    trials = sweep()
    trials[3]["curve"]["steps"][-1] = HORIZON + 600
    found = verdicts(judged(lab, audit_of(trials)))["HZN103"]
    assert (found["verdict"], found["trial_ids"]) == ("finding", ["t3"])


def test_measurement_beyond_the_horizon_is_named_by_the_first_such_step(lab: Lab) -> None:
    trials = sweep()
    curve = trials[3]["curve"]
    curve["steps"] += [HORIZON + 50, HORIZON + 100, HORIZON + 150]
    curve["metrics"]["val_loss"] += [0.3, 0.3, 0.3]
    found = verdicts(judged(lab, audit_of(trials)))["HZN103"]
    assert found["evidence"]["first_refused_step"] == HORIZON + 50


@pytest.mark.parametrize(("kind", "answer"), [("tpe", "finding"), ("random", "clear")])
def test_adaptive_points_of_the_first_tune_round_are_said(lab: Lab, kind: str, answer: str) -> None:
    body = audit_of(sweep(), sampler={"kind": kind})
    again = {**body, "rounds": [*body["rounds"], {**body["rounds"][0], "trials": []}]}
    assert verdicts(judged(lab, body))["SPC207"]["verdict"] == answer
    assert verdicts(judged(lab, again), 1)["SPC207"]["verdict"] == "clear"


def test_trials_cut_short_are_censored_and_kept_out(lab: Lab) -> None:
    trials = sweep()
    for trial in trials[:2]:
        curve = trial["curve"]
        curve["steps"] = curve["steps"][:20]
        curve["metrics"]["val_loss"] = curve["metrics"]["val_loss"][:20]
    assert verdicts(judged(lab, audit_of(trials)))["HZN104"]["trial_ids"] == ["t0", "t1"]


def test_last_point_that_was_not_measured_still_says_that_the_trial_ran(lab: Lab) -> None:
    trials = sweep()
    trials[0]["curve"]["metrics"]["val_loss"][-10:] = [None] * 10
    assert verdicts(judged(lab, audit_of(trials)))["HZN104"]["verdict"] == "clear"


def test_trial_of_another_horizon_is_named_and_left_out(lab: Lab) -> None:
    trials = sweep()
    trials[4]["max_train_steps"] = 2 * HORIZON
    answer = judged(lab, audit_of(trials))
    assert verdicts(answer)["HZN101"]["trial_ids"] == ["t4"]
    assert "t4" not in [p["trial_id"] for p in answer["recommendation"]["promote"]]


def test_replicates_without_a_seed_are_replicates(lab: Lab) -> None:
    trials = [run(i, 0.01) for i in range(8)]
    found = verdicts(judged(lab, audit_of(trials)))
    assert found["SPC201"]["verdict"] == "inconclusive"


def test_two_rounds_are_paired_by_configuration(lab: Lab) -> None:
    body = audit_of(sweep())
    later = [{**t, "id": "b" + t["id"], "promoted_from": t["id"]} for t in sweep()]
    for trial in later:
        trial["curve"]["steps"] = [4 * step for step in trial["curve"]["steps"]]
    body["rounds"].append({**body["rounds"][0], "max_train_steps": 4 * HORIZON, "trials": later})
    found = verdicts(judged(lab, body))["PRM602"]
    assert (found["evidence"]["state"], found["evidence"]["pairs"]) == ("holds", 9)


@pytest.mark.parametrize(
    "schedule",
    [
        {"kind": "custom"},
        {"kind": "cosine"},
        {"kind": "constant"},
        {"kind": "wsd", "peak": "learning_rate", "decay_fraction": 0.2},
    ],
)
@pytest.mark.parametrize("purpose", ["tune", "lr_sweep", "probe", "final", "check"])
@pytest.mark.parametrize("workload", ["compute_bound", "not_compute_bound"])
def test_any_schedule_and_purpose_is_judged(
    lab: Lab, schedule: Json, purpose: str, workload: str
) -> None:
    training = {"metric": "val_loss", "perfect": 0.0}
    for speed in (1.0, 100.0):
        body = audit_of(
            sweep(speed=speed),
            schedule=schedule,
            purpose=purpose,
            workload=workload,
            training_metric=training,
            production_steps=10 * HORIZON,
        )
        assert judged(lab, body)["recommendation"]["action"] != "check_horizon"


@pytest.mark.parametrize("speed", [1.0, 8.0, 100.0])
def test_study_without_a_learning_rate_is_judged(lab: Lab, speed: float) -> None:
    momentum = {"type": "float", "low": 0.0, "high": 0.99, "role": "optimizer"}
    trials = [{**t, "params": {"momentum": 0.1 * i}} for i, t in enumerate(sweep(speed=speed))]
    body = audit_of(trials, parameters={"momentum": momentum}, schedule={"kind": "constant"})
    assert verdicts(judged(lab, body))["SPC201"]["verdict"] == "inconclusive"


def test_everything_diverged_searches_lower_rates_and_promotes_nothing(lab: Lab) -> None:
    trials = sweep()
    for trial in trials:
        trial["curve"]["metrics"]["val_loss"][-1] = "nan"
    answer = judged(lab, audit_of(trials))
    assert verdicts(answer)["SPC204"]["verdict"] == "finding"
    assert verdicts(answer)["SPC201"]["verdict"] == "inconclusive"
    assert answer["recommendation"]["action"] == "widen_search_space"
    assert answer["recommendation"]["promote"] == []


def test_empty_round_is_judged_inconclusive(lab: Lab) -> None:
    answer = judged(lab, audit_of([]))
    assert answer["recommendation"]["action"] == "collect_evidence"
    assert all(v["verdict"] != "finding" for v in verdicts(answer).values())


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"outcome": "meh"}, "outcome"),
        ({"params": {}}, "lacks learning_rate"),
        ({"params": {"learning_rate": True}}, "not a number"),
        ({"params": {"learning_rate": 0.1, "lr": 0.1}}, "no parameter"),
        ({"promoted_from": "nobody"}, "no other trial"),
        ({"id": "t1"}, "two trials"),
        ({"id": ""}, "id"),
        ({"curve": {"steps": [1]}}, "metrics"),
        ({"curve": {"steps": [1], "metrics": {"val_loss": [1.0, 2.0]}}}, "2 values for 1 steps"),
        ({"curve": {"steps": [2, 1], "metrics": {}}}, "ascend"),
        ({"curve": {"steps": [1, 1], "metrics": {}}}, "ascend"),
        ({"curve": {"steps": [-1], "metrics": {}}}, "between 0"),
        ({"curve": {"steps": [2**53 + 1], "metrics": {}}}, "between 0"),
        ({"curve": {"steps": [1.5], "metrics": {}}}, "whole numbers"),
        ({"curve": {"steps": [True], "metrics": {}}}, "whole numbers"),
        ({"curve": {"steps": [1], "metrics": {"val_loss": ["abc"]}}}, "no number"),
        ({"curve": {"steps": [1], "metrics": {"val_loss": [True]}}}, "no number"),
        ({"curve": {"steps": [1], "metrics": {"a b": [1.0]}}}, "no metric name"),
    ],
)
def test_malformed_trial_is_a_422_problem(lab: Lab, change: Json, word: str) -> None:
    trials = sweep()
    trials[0] = {**trials[0], **change}
    assert word in refusal(lab, audit_of(trials))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"rounds": []}, "rounds"),
        ({"colour": "red"}, "colour"),
        ({"max_train_steps": 0}, "between 1"),
        ({"schedule": {"kind": "constant", "warmup_steps": 5000}}, "warmup"),
        ({"schedule": {"kind": "constant", "peak": "rate"}}, "rate"),
        ({"settings": {"CKP999.share": 1.0}}, "no threshold"),
        ({"parameters": {"learning_rate": {**RATE, "low": 0.0}}}, "log"),
        ({"parameters": {"a b": RATE}}, "no name"),
        ({"objective": {"metric": "val_loss", "tolerance": -1.0}}, "tolerance"),
        ({"production_steps": 0}, "production_steps"),
    ],
)
def test_malformed_audit_is_a_422_problem(lab: Lab, change: Json, word: str) -> None:
    assert word in refusal(lab, audit_of(sweep(), **change))


def test_audit_beyond_the_limit_is_a_413_that_names_the_limit(lab: Lab) -> None:
    limit = lab.context.settings.max_audit_bytes
    body = b'{"rounds": []}' + b" " * limit
    headers = {"Content-Type": "application/json"}
    answer = lab.client.post("/v1/audits", content=body, headers=headers)
    assert answer.status_code == 413
    assert str(limit) in answer.json()["detail"]


def test_audit_larger_than_other_bodies_is_read(lab: Lab) -> None:
    body = audit_of(sweep())
    body["rounds"][0]["trials"][0]["params"] = {"learning_rate": RATES[0]}
    text = lab.client.post("/v1/audits", json=body).request.content
    padded = text + b" " * (lab.context.settings.max_body_bytes + 1)
    headers = {"Content-Type": "application/json"}
    assert lab.client.post("/v1/audits", content=padded, headers=headers).status_code == 200
