"""`max_train_steps: auto` over HTTP: probe, double, sweep, set, and what happens where nothing
fits."""

import math
from typing import Any

import pytest

from app.domain.trials import Trial
from tests.contract.lab import RATE, STUDY, Lab

Json = Any  # JSON, as the contract says

AUTO: dict[str, Json] = {
    "max_train_steps": {"auto": {"start_steps": 20, "cap_steps": 640}},
    "training_metric": {"metric": "train_error", "perfect": 0.0, "tolerance": 0.001},
    "parameters": {"learning_rate": {**RATE, "low": 0.001, "high": 1.0}},
    "evaluate_every_steps": None,
}
COSINE = {"kind": "cosine", "peak": "learning_rate"}
MOST_ROUNDS = 25


def fitting(trial: Trial, step: int) -> dict[str, float]:
    """The training error reaches 0 after 6 / rate steps; above a rate of 0.5 training explodes."""
    rate = float(trial.params["learning_rate"])
    if rate > 0.5:
        return {"val_error": math.nan, "train_error": math.nan}
    away = math.log10(rate / 0.03) ** 2 / 10
    left = math.exp(-step * rate / 0.4)
    value = 0.1 + away + (left if left > 1e-3 else 0.0) + trial.seed / 1e4
    return {"val_error": value, "train_error": max(0.0, 1 - step * rate / 6)}


def hopeless(trial: Trial, step: int) -> dict[str, float]:
    """Three in ten labels are wrong: the training error ends at 0.3."""
    return {**fitting(trial, step), "train_error": 0.3 + 1 / (10 + step)}


def advice_of(lab: Lab, study_id: str) -> Json:
    return lab.get(f"/v1/studies/{study_id}/recommendation")


def train_on(lab: Lab, study_id: str, training: Any = fitting) -> Json:
    """Train and review what is open; the study."""
    lab.train(study_id, training)
    lab.review()
    return lab.study(study_id)


def whole_way(lab: Lab, study_id: str, *, accepts: bool, training: Any = fitting) -> list[str]:
    """The actions until the study ends or waits for a person (who accepts, if asked to)."""
    actions = []
    for _ in range(MOST_ROUNDS):
        study = train_on(lab, study_id, training)
        actions.append(advice_of(lab, study_id)["action"])
        if study["state"] == "completed":
            return actions
        if study["waiting_for"] == "acceptance":
            if not accepts:
                return actions
            lab.accept(study_id)
    raise AssertionError(actions)


def test_a_dry_run_shows_the_probe_and_its_cost(lab: Lab) -> None:
    body = {**STUDY, **AUTO}
    answer = lab.client.post("/v1/studies", json=body, params={"dry_run": "true"})
    assert answer.status_code == 200, answer.text
    rehearsed = answer.json()
    assert (rehearsed["round"]["purpose"], rehearsed["round"]["max_train_steps"]) == ("probe", 20)
    rates = [point["params"]["learning_rate"] for point in rehearsed["round"]["points"]]
    assert rates == pytest.approx([0.001, 0.00562, 0.0316, 0.178, 1.0], rel=0.01)
    assert (rehearsed["trials"], rehearsed["cost"]["steps"]) == (5, 100)


def test_on_it_goes_hands_free_from_the_probe_to_the_end(lab: Lab) -> None:
    study_id = str(lab.create(**AUTO, autopilot="on")["id"])
    actions = whole_way(lab, study_id, accepts=False)
    assert actions[0] == "double_probe"
    assert actions.index("collect_evidence") < actions.index("set_initial_horizon")
    assert actions[-2:] == ["promote", "finish"]
    study = lab.study(study_id)
    assert (study["state"], study["waiting_for"]) == ("completed", None)
    purposes = [one["purpose"] for one in study["rounds"]]
    assert purposes[0] == "probe"
    assert purposes[-1] == "final"
    assert [one["action"] for one in study["rounds"][1:]] == actions[:-1]


def test_probes_resume_and_the_sweep_repeats_their_rates_for_next_to_nothing(lab: Lab) -> None:
    study_id = str(lab.create(**AUTO, autopilot="on")["id"])
    whole_way(lab, study_id, accepts=False)
    study = lab.study(study_id)
    for one in study["rounds"]:
        own = lab.trials(study_id, round=one["round"])
        if one["action"] == "double_probe":
            assert {trial["resume"]["step"] for trial in own} == {one["max_train_steps"] // 2}
        if one["purpose"] == "lr_sweep":
            assert sum(1 for trial in own if trial["resume"]) >= 3
    for advice in lab.get(f"/v1/studies/{study_id}/recommendations")["items"]:
        proposal, cost = advice["proposal"], advice["cost"]
        if proposal is None or proposal["trials"]:
            continue
        seeds = len(proposal["seeds"])
        whole = len(proposal["points"]) * seeds * proposal["max_train_steps"]
        assert cost["steps"] + cost["saved_by_reuse_steps"] == whole


def test_the_number_is_the_fastest_hit_and_its_reasons_show_the_table(lab: Lab) -> None:
    study_id = str(lab.create(**AUTO)["id"])
    while True:
        train_on(lab, study_id)
        advice = advice_of(lab, study_id)
        if advice["action"] == "set_initial_horizon":
            break
        lab.accept(study_id)
    sweep = lab.get(f"/v1/studies/{study_id}/rounds/{advice['round']}/assessment")
    verdicts = {verdict["code"]: verdict for verdict in sweep["verdicts"]}
    for code in ("INI401", "INI402", "INI403", "INI404", "INI405"):
        assert verdicts[code]["verdict"] == "clear", verdicts[code]
    hits = verdicts["INI403"]["evidence"]["hit_steps"]
    assert advice["max_train_steps"]["recommended"] == min(hits.values())
    told = " ".join(reason["message"] for reason in advice["reasons"])
    assert "fits first" in told
    assert "99 / 99.9 / 100% of the training set" in told
    assert advice["would_change_my_mind"]
    assert advice["proposal"]["purpose"] == "tune"
    assert advice["proposal"]["trials"] == 8


@pytest.mark.parametrize("autopilot", ["gated", "off"])
def test_gated_and_off_stop_at_every_proposal(lab: Lab, autopilot: str) -> None:
    study_id = str(lab.create(**AUTO, autopilot=autopilot)["id"])
    for number in range(1, 5):
        study = train_on(lab, study_id)
        assert study["waiting_for"] == "acceptance"
        assert len(study["rounds"]) == number
        lab.accept(study_id)
    assert whole_way(lab, study_id, accepts=True)[-1] == "finish"


def test_a_hand_written_round_after_a_probe_is_the_study_s_own(lab: Lab) -> None:
    fixed = {"dropout": {"value": 0.2, "role": "regularization"}}
    study_id = str(lab.create(**AUTO, fixed=fixed, schedule=COSINE)["id"])
    probed = lab.study(study_id)["rounds"][0]
    assert probed["fixed"]["dropout"]["value"] == 0.0
    train_on(lab, study_id)
    opened = lab.post_round(study_id, {"purpose": "tune", "max_train_steps": 40, "trials": 4})
    assert opened["fixed"]["dropout"]["value"] == 0.2
    assert opened["schedule"]["kind"] == "cosine"


def test_a_hand_written_sweep_under_a_decay_never_sets_a_horizon(lab: Lab) -> None:
    bindings = {"INI401": "warn"}
    study_id = str(lab.create(**AUTO, bindings=bindings)["id"])
    train_on(lab, study_id)
    sweep = {
        "purpose": "lr_sweep",
        "max_train_steps": 64,
        "schedule": COSINE,
        "points": [{"params": {"learning_rate": 10 ** (-3 + i / 2)}} for i in range(7)],
    }
    lab.post_round(study_id, sweep)
    lab.client.patch(f"/v1/studies/{study_id}", json={"bindings": {"INI401": "enforce"}})
    train_on(lab, study_id)
    advice = advice_of(lab, study_id)
    assert advice["action"] == "collect_evidence"
    assert advice["proposal"]["schedule"]["kind"] == "constant"
    assert "INI401" in {reason["code"] for reason in advice["reasons"]}


def nothing_fits(lab: Lab, **changes: Json) -> str:
    cap = {"auto": {"start_steps": 20, "cap_steps": 40}}
    study_id = str(lab.create(**{**AUTO, "max_train_steps": cap, **changes})["id"])
    for _ in range(3):
        train_on(lab, study_id, hopeless)
        if advice_of(lab, study_id)["action"] == "treat_as_compute_bound":
            break
        if lab.study(study_id)["waiting_for"] == "acceptance":
            lab.accept(study_id)
    return study_id


def test_where_nothing_fits_the_acceptance_names_the_production_length(lab: Lab) -> None:
    study_id = nothing_fits(lab)
    advice = advice_of(lab, study_id)
    assert (advice["action"], advice["proposal"]) == ("treat_as_compute_bound", None)
    assert lab.study(study_id)["waiting_for"] == "acceptance"
    for body in ({}, {"production_steps": 0}, {"production_steps": -5}, {"production_steps": "9"}):
        problem = lab.post_round(study_id, {"accept": advice["id"], **body}, 422)
        assert "production_steps" in f"{problem['detail']} {problem.get('hint')}"
    opened = lab.post_round(study_id, {"accept": advice["id"], "production_steps": 900})
    assert (opened["purpose"], opened["max_train_steps"]) == ("tune", 90)
    study = lab.study(study_id)
    assert (study["workload"], study["definition"]["production_steps"]) == ("compute_bound", 900)
    again = lab.post_round(study_id, {"accept": advice["id"], "production_steps": 900}, 200)
    assert again["round"] == opened["round"]
    train_on(lab, study_id)
    assert advice_of(lab, study_id)["action"] in ("promote", "widen_search_space")


def test_with_production_steps_in_the_definition_on_goes_on_by_itself(lab: Lab) -> None:
    study_id = nothing_fits(lab, production_steps=900, autopilot="on")
    study = lab.study(study_id)
    assert study["rounds"][-1]["action"] == "treat_as_compute_bound"
    assert (study["rounds"][-1]["purpose"], study["workload"]) == ("tune", "compute_bound")


def test_the_limit_ends_the_doubling_and_is_named(lab: Lab) -> None:
    study_id = str(lab.create(**AUTO, autopilot="on", limits={"total_steps": 250})["id"])
    for _ in range(3):
        train_on(lab, study_id, hopeless)
    advice = advice_of(lab, study_id)
    assert advice["action"] == "treat_as_compute_bound"
    assert "limits" in advice["sentence"]


def test_a_compute_bound_search_starts_at_the_planners_first_horizon(lab: Lab) -> None:
    changes = {**AUTO, "workload": "compute_bound", "production_steps": 6400}
    study = lab.create(**{**changes, "training_metric": None})
    (first,) = study["rounds"]
    assert (first["purpose"], first["max_train_steps"], first["counts"]["waiting"]) == (
        "tune",
        640,
        8,
    )


def test_where_every_probe_diverges_lower_rates_follow(lab: Lab) -> None:
    space = {"learning_rate": {**RATE, "low": 1.0, "high": 100.0}}
    study_id = str(lab.create(**{**AUTO, "parameters": space})["id"])
    train_on(lab, study_id)
    advice = advice_of(lab, study_id)
    assert advice["action"] == "widen_search_space"
    assert advice["proposal"]["purpose"] == "probe"
    assert advice["parameters"]["learning_rate"]["low"] < 1.0


def test_a_metric_that_never_changes_asks_a_person(lab: Lab) -> None:
    study_id = str(lab.create(**AUTO, autopilot="on")["id"])
    study = train_on(lab, study_id, lambda *_: {"val_error": 0.5, "train_error": 0.5})
    advice = advice_of(lab, study_id)
    assert (advice["action"], advice["proposal"]) == ("collect_evidence", None)
    assert study["waiting_for"] == "acceptance"
