"""A ladder of a compute-bound study over HTTP: hands-free to production, overlapping rounds, new
ideas at the first horizon, points added to a round that others were built on."""

import math

from app.db import trials
from app.domain.ids import StudyId
from app.domain.states import TrialState
from app.domain.trials import Trial
from tests.contract.lab import Json, Lab, run_to_end

FIRST, PRODUCTION = 64, 64_000
LAUNCH: dict[str, Json] = {
    "workload": "compute_bound",
    "production_steps": PRODUCTION,
    "max_train_steps": FIRST,
    "schedule": {"kind": "wsd", "peak": "learning_rate", "decay_fraction": 0.2},
    "evaluate_every_steps": None,
    "limits": {"rounds": 6},
    "trials": 12,
}


def endless(trial: Trial, step: int) -> float:
    """Training pays for ever; the best rate, 0.03, lies inside the range."""
    away = math.log10(float(trial.params["learning_rate"]) / 0.03) ** 2 / 20
    return 0.3 * math.pow(step, -0.2) + away


def run_on(lab: Lab, study_id: str) -> list[Json]:
    """Train and review until nothing waits; the recommendations, oldest first."""
    for _ in range(12):
        lab.train(study_id, endless)
        lab.review()
        if lab.study(study_id)["waiting_for"] not in ("trials", "worker", "review"):
            break
    items = lab.get(f"/v1/studies/{study_id}/recommendations")["items"]
    return sorted(items, key=lambda item: item["round"])


def horizons_of(lab: Lab, study_id: str) -> list[int]:
    return [one["max_train_steps"] for one in lab.study(study_id)["rounds"]]


def added(lab: Lab, study_id: str, number: int, *rates: float) -> None:
    points = [{"params": {"learning_rate": rate}} for rate in rates]
    path = f"/v1/studies/{study_id}/rounds/{number}/trials"
    answer = lab.client.post(path, json={"points": points})
    assert answer.status_code == 201, answer.text


def test_a_hands_free_ladder_grows_until_ranks_hold_and_ends_at_production(lab: Lab) -> None:
    study_id = lab.create(**LAUNCH, autopilot="on")["id"]
    advice = run_on(lab, study_id)
    study = lab.study(study_id)
    assert study["state"] == "completed"
    horizons = horizons_of(lab, study_id)
    assert horizons[0] == FIRST
    assert horizons[-1] == PRODUCTION
    assert horizons == sorted(set(horizons))
    assert study["rounds"][-1]["purpose"] == "final"
    assert advice[-1]["action"] == "finish"
    resumed = [t for t in lab.trials(study_id, round=2) if t["resume"]]
    assert resumed, "the longer round goes on from where the decay began"
    assert advice[0]["cost"]["saved_by_reuse_steps"] == sum(t["resume"]["step"] for t in resumed)
    for number in range(2, len(horizons) + 1):
        found = lab.get(f"/v1/studies/{study_id}/rounds/{number}/assessment")["verdicts"]
        (ranks,) = (v for v in found if v["code"] == "PRM602")
        assert ranks["evidence"]["state"] == "holds"
        assert ranks["evidence"]["pairs"] >= 2


def test_patience_and_many_rounds_reach_the_reasons_of_the_proposal(lab: Lab) -> None:
    study_id = lab.create(**{**LAUNCH, "limits": {"rounds": 6, "total_steps": 1500}})["id"]
    (advice,) = run_on(lab, study_id)
    found = {reason["code"]: reason["message"] for reason in advice["reasons"]}
    assert "left of the study's limits" in found["WRK504"]


def test_a_new_idea_enters_at_the_first_horizon_and_climbs_those_that_are_there(lab: Lab) -> None:
    study_id = lab.create(**LAUNCH, autopilot="on")["id"]
    run_on(lab, study_id)
    climbed = horizons_of(lab, study_id)
    before = lab.study(study_id)["best"]["value"]
    points = [{"params": {"learning_rate": rate}} for rate in (0.0301, 0.0299)]
    opened = lab.post_round(study_id, {"max_train_steps": FIRST, "points": points})
    assert opened["schedule"] == lab.study(study_id)["rounds"][0]["schedule"]
    advice = run_on(lab, study_id)
    study = lab.study(study_id)
    assert study["state"] == "completed"
    assert horizons_of(lab, study_id) == [*climbed, *climbed]
    assert study["best"]["value"] < before
    met = [r for item in advice for r in item["reasons"] if r["code"] == "standing-winner"]
    assert len(met) == len(climbed) - 1


def test_points_added_below_a_climb_supersede_its_advice_only_where_they_win(lab: Lab) -> None:
    study_id = lab.create(**LAUNCH)["id"]
    run_on(lab, study_id)
    lab.accept(study_id)
    run_on(lab, study_id)
    standing = lab.get(f"/v1/studies/{study_id}/recommendation")
    assert standing["round"] == 2
    added(lab, study_id, 1, 0.29, 0.0031)
    assert lab.get(f"/v1/studies/{study_id}/rounds/1")["state"] == "open"
    run_on(lab, study_id)
    again = lab.get(f"/v1/studies/{study_id}/recommendation")
    assert again["id"] != standing["id"]
    assert again["proposal"] == standing["proposal"], "they won nothing: the climb goes on"
    added(lab, study_id, 1, 0.03)
    run_on(lab, study_id)
    last = lab.get(f"/v1/studies/{study_id}/recommendation")
    assert last["proposal"]["max_train_steps"] == horizons_of(lab, study_id)[1]
    rates = {p["params"]["learning_rate"] for p in last["proposal"]["points"]}
    ran = {t["params"]["learning_rate"] for t in lab.trials(study_id, round=2)}
    assert 0.03 in rates
    assert not rates & ran
    old = lab.post_round(study_id, {"accept": standing["id"]}, 409)
    assert old["type"] == "recommendation-superseded"


def test_rounds_overlap_and_what_is_in_training_is_not_proposed_again(lab: Lab) -> None:
    study_id = lab.create(**LAUNCH)["id"]
    run_on(lab, study_id)
    opened = lab.accept(study_id)
    added(lab, study_id, 1, 0.29)
    states = [one["state"] for one in lab.study(study_id)["rounds"]]
    assert states == ["open", "open"]
    only_first(lab, study_id)
    lab.review()
    advice = lab.get(f"/v1/studies/{study_id}/recommendation")
    assert (advice["round"], advice["proposal"]) == (1, None)
    assert str(opened["max_train_steps"]) in advice["sentence"]
    run_on(lab, study_id)
    advice = lab.get(f"/v1/studies/{study_id}/recommendation")
    assert (advice["round"], advice["action"]) == (2, "promote")


def only_first(lab: Lab, study_id: str) -> None:
    """Train what waits in round 1, and nothing else."""
    with lab.context.database.writing() as connection:
        for trial in trials.of_round(connection, StudyId(study_id), 1):
            if trial.state is TrialState.WAITING:
                run_to_end(connection, trial, endless)
