"""Where the judge must not fool itself, through the API: one audit for each item of the policy's
list."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.contract.audited import HORIZON, RATE, RATES, audit_of, judged, run, sweep, verdicts
from tests.contract.lab import Json, Lab
from tests.support.hostile import ITEMS

Case = Callable[[Lab], None]
CASES: dict[str, Case] = {}


def case(item: str) -> Callable[[Case], Case]:
    """Put a case into the table."""

    def listed(check: Case) -> Case:
        CASES[item] = check
        return check

    return listed


def answers(lab: Lab, body: Json, *codes: str) -> tuple[str, ...]:
    """What rules say of the last round; of several parameters the worst."""
    told = [v for v in judged(lab, body)["assessments"][-1]["verdicts"] if v["code"] in codes]
    order = ("finding", "inconclusive", "clear")
    by_code = {code: {v["verdict"] for v in told if v["code"] == code} for code in codes}
    return tuple(next(word for word in order if word in by_code[code]) for code in codes)


def cut(trial: Json, count: int, **changes: Any) -> Json:
    """The trial with its first `count` measurements only."""
    curve = trial["curve"]
    metrics = {name: values[:count] for name, values in curve["metrics"].items()}
    return {**trial, **changes, "curve": {"steps": curve["steps"][:count], "metrics": metrics}}


def with_end(trial: Json, value: object) -> Json:
    """The trial with another last value."""
    losses = [*trial["curve"]["metrics"]["val_loss"][:-1], value]
    return {**trial, "curve": {**trial["curve"], "metrics": {"val_loss": losses}}}


def diverged(trials: list[Json], count: int) -> list[Json]:
    """The `count` highest rates reported nan."""
    kept = len(trials) - count
    return [*trials[:kept], *(with_end(t, "nan") for t in trials[kept:])]


def test_every_item_of_the_list_has_its_case() -> None:
    assert list(CASES) == list(ITEMS)


@case("ties and plateaus")
def ties_are_at_most_suspected_and_a_dead_metric_is_no_evidence(lab: Lab) -> None:
    tied = [{**run(0, 1e-2), "id": f"t{i}", "params": {"learning_rate": r}} for i, r in _rates()]
    assert verdicts(judged(lab, audit_of(tied)))["SPC201"]["evidence"]["strength"] != "edge"
    for trial in tied:
        trial["curve"]["metrics"]["val_loss"] = [0.5] * 40
    codes = ("SPC201", "CKP301", "CKP302", "CKP304")
    assert set(answers(lab, audit_of(tied), *codes)) == {"inconclusive"}


@case("maximised metrics")
def the_edge_of_an_accuracy_lies_where_it_is_highest(lab: Lab) -> None:
    trials = sweep(best=10.0)
    for trial in trials:
        losses = trial["curve"]["metrics"]["val_loss"]
        trial["curve"]["metrics"] = {"val_accuracy": [1 - loss for loss in losses]}
    objective = {"metric": "val_accuracy", "direction": "maximize"}
    answer = judged(lab, audit_of(trials, objective=objective))
    assert verdicts(answer)["SPC201"]["evidence"]["side"] == "high"
    assert answer["recommendation"]["promote"][0]["trial_id"] == "t8"


@case("NaN, Inf, 1e30")
def an_exploded_trial_is_never_the_best(lab: Lab) -> None:
    for value in ("nan", "inf", "-inf", 1e30):
        *fine, last = sweep(best=1e-3)
        answer = judged(lab, audit_of([*fine, with_end(last, value)]))
        assert verdicts(answer)["SPC201"]["verdict"] == "clear"
        assert "t8" not in [p["trial_id"] for p in answer["recommendation"]["promote"]]


@case("evaluation only at the end")
def one_evaluation_says_nothing_about_steps(lab: Lab) -> None:
    ends = [run(i, rate, count=1) for i, rate in _rates()]
    codes = ("CKP301", "CKP302", "CKP303")
    assert answers(lab, audit_of(ends), *codes) == ("inconclusive", "inconclusive", "finding")


@case("different evaluation grids")
def grids_of_their_own_do_not_move_the_edge(lab: Lab) -> None:
    trials = [run(i, rate, best=10.0, count=20 + 5 * i) for i, rate in _rates()]
    assert answers(lab, audit_of(trials), "SPC201") == ("finding",)


@case("duplicate or out-of-order steps after a resume")
def steps_that_do_not_ascend_are_refused(lab: Lab) -> None:
    for place, step in ((5, 4), (6, 4)):
        trials = sweep()
        steps = trials[3]["curve"]["steps"]
        steps[place] = steps[step]
        answer = lab.client.post("/v1/audits", json=audit_of(trials))
        assert (answer.status_code, "ascend" in answer.json()["detail"]) == (422, True)


@case("stopped at target")
def trials_that_were_stopped_are_no_late_best_steps(lab: Lab) -> None:
    trials = [cut(t, 24, outcome="censored") for t in sweep(speed=1.0)]
    assert answers(lab, audit_of(trials), "HZN104", "CKP302") == ("finding", "inconclusive")


@case("a single rate")
def one_rate_run_often_is_one_value(lab: Lab) -> None:
    trials = [run(i, 1e-2, speed=8.0 + i) for i in range(10)]
    assert answers(lab, audit_of(trials), "SPC201") == ("inconclusive",)


@case("a linear-scale rate")
def positions_follow_the_scale_of_the_parameter(lab: Lab) -> None:
    scale = {"learning_rate": {**RATE, "low": 0.01, "high": 0.3, "scale": "linear"}}
    over = np.linspace(0.01, 0.3, 9).tolist()
    inside, edge = (
        [with_end(run(i, r), 0.1 + (r - optimum) ** 2) for i, r in enumerate(over)]
        for optimum in (0.12, 0.4)
    )
    assert answers(lab, audit_of(inside, parameters=scale), "SPC201") == ("clear",)
    assert answers(lab, audit_of(edge, parameters=scale), "SPC201") == ("finding",)


@case("bounds set by theory")
def an_optimum_at_a_natural_limit_is_no_edge(lab: Lab) -> None:
    parameters = {"learning_rate": {**RATE, "natural": {"high": 1.0}}}
    assert answers(lab, audit_of(sweep(best=10.0), parameters=parameters), "SPC201") == ("clear",)


@case("conditional rates")
def the_rate_of_one_optimiser_is_not_the_rate_of_the_other(lab: Lab) -> None:
    branch = {f"{o}_lr": {**RATE, "when": {"optimizer": o}} for o in ("sgd", "adam")}
    optimizer = {"type": "categorical", "choices": ["sgd", "adam"], "role": "optimizer"}
    sgd = [{**t, "params": {"optimizer": "sgd", "sgd_lr": r}} for (_, r), t in _swept(best=1e-2)]
    adam = [
        {**run(20 + i, r, best=10.0), "params": {"optimizer": "adam", "adam_lr": r}}
        for i, r in enumerate((1e-4, 1e-3, 1e-2))
    ]
    body = audit_of([*sgd, *adam], parameters={"optimizer": optimizer, **branch})
    body["rounds"][0]["schedule"] = {"kind": "constant"}
    told = judged(lab, body)["assessments"][-1]["verdicts"]
    found = {v["evidence"]["parameter"]: v["verdict"] for v in told if v["code"] == "SPC201"}
    assert found == {"sgd_lr": "clear", "adam_lr": "inconclusive"}


@case("seeds counted as trials")
def three_rates_under_five_seeds_are_three_values(lab: Lab) -> None:
    trials = [
        {**run(5 * i + seed, rate, best=1e-5, speed=8 + seed / 10), "seed": seed}
        for i, rate in enumerate((1e-3, 1e-2, 1e-1))
        for seed in range(5)
    ]
    assert answers(lab, audit_of(trials), "SPC201", "CKP302") == ("inconclusive", "inconclusive")


@case("warmup > T1")
def a_warmup_beyond_the_horizon_is_refused_and_a_long_one_found(lab: Lab) -> None:
    schedule = {"kind": "constant", "peak": "learning_rate"}
    beyond = audit_of(sweep(), schedule={**schedule, "warmup_steps": HORIZON + 1})
    assert lab.client.post("/v1/audits", json=beyond).status_code == 422
    long = audit_of(sweep(), schedule={**schedule, "warmup_steps": HORIZON})
    assert verdicts(judged(lab, long))["HZN105"]["binding"] == "enforce"


@case("decay > T2")
def a_decay_longer_than_the_new_horizon_is_refused(lab: Lab) -> None:
    schedule = {"kind": "wsd", "peak": 0.1, "decay_steps": 200}
    body = {"schedule": schedule, "from_max_train_steps": 1000, "to_max_train_steps": 2000}
    answer = lab.client.post("/v1/schedules/extension", json={**body, "decay_steps": 5000})
    assert (answer.status_code, "decay" in answer.json()["detail"]) == (422, True)


@case("T2 < T1")
def a_shorter_horizon_cuts_the_plateau_before_the_decay(lab: Lab) -> None:
    schedule = {"kind": "wsd", "peak": 0.1, "decay_steps": 200}
    body = {"schedule": schedule, "from_max_train_steps": 1000, "to_max_train_steps": 600}
    answer = lab.client.post("/v1/schedules/extension", json=body).json()
    assert (answer["schedule"]["decay_steps"], answer["resume_from_step"]) == (200, 400)
    assert answer["added_steps_below_10_percent_of_peak"] == 0.0


@case("batch change and extension at once")
def a_longer_round_under_another_batch_is_said_to_be_two_changes(lab: Lab) -> None:
    body = audit_of(sweep(), workload="compute_bound")
    batch = [{"batch_size": {"value": size, "role": "batch_size"}} for size in (256, 32)]
    first = {**body["rounds"][0], "fixed": batch[0]}
    again = [{**t, "id": f"b{t['id']}", "promoted_from": t["id"]} for t in sweep()[3:7]]
    for trial in again:
        trial["curve"]["steps"] = [4 * step for step in trial["curve"]["steps"]]
    longer = {**first, "fixed": batch[1], "max_train_steps": 4 * HORIZON, "trials": again}
    assert "finding" in answers(lab, {**body, "rounds": [first, longer]}, "SPC208", "WRK502")


@case("all diverged")
def nothing_alive_promotes_nothing(lab: Lab) -> None:
    body = audit_of(diverged(sweep(), 9))
    assert answers(lab, body, "SPC204", "SPC201") == ("finding", "inconclusive")
    assert judged(lab, body)["recommendation"]["promote"] == []


@case("a third diverged")
def the_dead_rank_worst_and_are_not_dropped(lab: Lab) -> None:
    """Without them the last stable rate would be an edge of what was tried."""
    body = audit_of(diverged(sweep(best=1.0), 3))
    assert answers(lab, body, "SPC201", "SPC204", "SPC203") == ("clear", "clear", "finding")


@case("a quantised metric")
def a_metric_in_coarse_steps_is_no_noise_free_one(lab: Lab) -> None:
    """Twentieths: the two best rates are equal, and nothing is called an edge."""
    trials = sweep()
    for trial in trials:
        losses = trial["curve"]["metrics"]["val_loss"]
        trial["curve"]["metrics"]["val_loss"] = [round(loss * 20) / 20 for loss in losses]
    assert answers(lab, audit_of(trials), "SPC201") == ("clear",)
    assert verdicts(judged(lab, audit_of(trials)))["CKP307"]["verdict"] != "inconclusive"


@case("trial failed after its best checkpoint")
def it_is_flagged_and_no_step_is_read_from_it(lab: Lab) -> None:
    trials = sweep()
    trials[8] = cut(trials[8], 30, outcome="failed")
    found = verdicts(judged(lab, audit_of(trials)))
    assert found["HZN104"]["trial_ids"] == ["t8"]
    assert found["SPC201"]["verdict"] == "clear"


@case("training metric measured on augmented data")
def a_fit_of_augmented_data_sets_no_horizon(lab: Lab) -> None:
    trials = sweep()
    for trial in trials:
        trial["curve"]["metrics"]["train_error"] = [0.4] * 8 + [0.0] * 32
    training = {"metric": "train_error", "perfect": 0.0, "tolerance": 0.001}
    crop = {"augmentation": {"value": "crop", "role": "augmentation", "off": "none"}}
    body = audit_of(trials, purpose="lr_sweep", training_metric=training, fixed=crop)
    assert answers(lab, body, "INI402") == ("finding",)
    assert judged(lab, body)["recommendation"]["action"] != "set_initial_horizon"


@case("script that exits non-zero on NaN")
def a_failed_trial_that_reported_nan_has_diverged(lab: Lab) -> None:
    trials = [{**t, "outcome": "failed"} for t in diverged(sweep(best=1e-3), 9)]
    assert answers(lab, audit_of(trials), "SPC204", "HZN104") == ("finding", "clear")


@case("one trial")
def one_trial_is_too_little(lab: Lab) -> None:
    codes = ("SPC201", "CKP301", "CKP302")
    assert set(answers(lab, audit_of(sweep()[:1]), *codes)) == {"inconclusive"}


@case("zero trials")
def an_empty_round_finds_nothing(lab: Lab) -> None:
    found = judged(lab, audit_of([]))["assessments"][-1]["verdicts"]
    assert not [v["code"] for v in found if v["verdict"] == "finding"]


@case("10,000 trials")
def ten_thousand_trials_are_judged_by_their_values(lab: Lab) -> None:
    rates = np.geomspace(1e-4, 1.0, 64).tolist()
    trials = [{**run(i, rates[i % 64], best=10.0, count=3), "seed": i // 64} for i in range(10_000)]
    found = verdicts(judged(lab, audit_of(trials)))["SPC201"]
    assert (found["evidence"]["side"], found["evidence"]["values_tried"]) == ("high", 64)


@case("irrelevant parameters")
def seven_irrelevant_parameters_gain_no_edge(lab: Lab) -> None:
    names = [f"x{i}" for i in range(7)]
    drawn = np.random.default_rng(5).random((32, 7)).tolist()
    rates = np.geomspace(1e-4, 1.0, 32).tolist()
    trials = [
        {**run(i, r), "params": {"learning_rate": r, **dict(zip(names, row, strict=True))}}
        for i, (r, row) in enumerate(zip(rates, drawn, strict=True))
    ]
    number = {"type": "float", "low": 0.0, "high": 1.0}
    parameters = {"learning_rate": RATE, **dict.fromkeys(names, number)}
    assert answers(lab, audit_of(trials, parameters=parameters), "SPC202") == ("clear",)


def _rates() -> list[tuple[int, float]]:
    return list(enumerate(RATES))


def _swept(**how: Any) -> list[tuple[tuple[int, float], Json]]:
    return list(zip(_rates(), sweep(**how), strict=True))


@pytest.mark.parametrize("item", ITEMS)
def test_it_does_not_fool_itself_with(lab: Lab, item: str) -> None:
    CASES[item](lab)
