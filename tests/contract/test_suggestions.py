"""Adaptive samplers inside a round: startup points at once, the rest learned while trials end."""

from app.conductor.review import review_rounds
from app.conductor.suggest import suggest_points
from app.sampling import adaptive
from tests.contract.lab import RATE, Lab

TPE = {"kind": "tpe", "seed": 3}


def run_out(lab: Lab, study_id: str) -> None:
    """Train and top up until the round's sampler owes nothing."""
    for _ in range(50):
        lab.train(study_id)
        if not suggest_points(lab.context):
            break
    lab.train(study_id)


def test_an_adaptive_round_is_topped_up_to_its_number_of_trials(lab: Lab) -> None:
    study = lab.create(sampler=TPE, trials=16)
    assert study["rounds"][0]["counts"]["waiting"] == 10
    assert study["rounds"][0]["points_to_draw"] == 6
    run_out(lab, study["id"])
    counts = lab.study(study["id"])["rounds"][0]["counts"]
    assert counts["completed"] == 16


def test_the_round_is_not_reviewed_while_the_sampler_owes_points(lab: Lab) -> None:
    study_id = lab.create(sampler=TPE, trials=12)["id"]
    lab.train(study_id)
    assert review_rounds(lab.context) == 0
    assert lab.study(study_id)["waiting_for"] in ("trials", "worker")
    run_out(lab, study_id)
    assert review_rounds(lab.context) == 1


def test_no_more_points_are_drawn_than_slots_may_soon_want(lab: Lab) -> None:
    study_id = lab.create(sampler=TPE, trials=20)["id"]
    lab.train(study_id)
    assert suggest_points(lab.context) == 2
    assert suggest_points(lab.context) == 0
    assert lab.study(study_id)["rounds"][0]["counts"]["waiting"] == 2


def test_a_conductor_that_starts_anew_goes_on_with_the_round(lab: Lab) -> None:
    study_id = lab.create(sampler=TPE, trials=14)["id"]
    lab.train(study_id)
    suggest_points(lab.context)
    adaptive.forget_all()
    run_out(lab, study_id)
    points = {str(trial["params"]) for trial in lab.trials(study_id)}
    assert len(points) == 14


def test_a_finite_space_ends_the_sampler_early(lab: Lab) -> None:
    width = {"type": "categorical", "choices": [1, 2, 3], "role": "architecture"}
    layers = {"type": "int", "low": 1, "high": 4}
    study_id = lab.create(
        sampler=TPE,
        trials=30,
        parameters={"width": width, "layers": layers},
        fixed={"learning_rate": {"value": 0.03, "role": "learning_rate"}},
    )["id"]
    for _ in range(20):
        lab.train(study_id, lambda trial, step: float(str(trial.params["layers"])) + 1 / step)
        if not suggest_points(lab.context):
            break
    (found,) = lab.study(study_id)["rounds"]
    assert found["counts"]["completed"] == 12
    assert found["points_to_draw"] == 0
    assert found["state"] == "in_review"


def test_all_seeds_of_a_suggested_point_share_it(lab: Lab) -> None:
    study_id = lab.create(sampler=TPE, trials=11, seeds=[0, 1], parameters={"learning_rate": RATE})[
        "id"
    ]
    run_out(lab, study_id)
    by_point: dict[str, set[int]] = {}
    for trial in lab.trials(study_id):
        by_point.setdefault(str(trial["params"]), set()).add(trial["seed"])
    assert len(by_point) == 11
    assert all(seeds == {0, 1} for seeds in by_point.values())
