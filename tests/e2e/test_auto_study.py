"""`max_train_steps: auto` on real training: the digits examples, made small, from the probe to the
end without a hand."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.services import Embedded, Service, is_settled

Json = Any  # JSON, as the contract says
pytestmark = pytest.mark.slow
SECONDS = 300.0  # some fifty trials: on a busy machine more than the usual deadline
DIGITS = Path(__file__).resolve().parents[2] / "examples" / "digits"


def small(name: str, **changes: Json) -> Json:
    """The example with fewer images and trials, and differences that matter less."""
    definition = yaml.safe_load((DIGITS / name).read_text())
    definition["job"]["directory"] = str(DIGITS)
    definition["fixed"]["train_size"]["value"] = 100
    definition["objective"]["tolerance"] = 0.05
    return {**definition, "trials": 8, **changes}


def run(embedded: Embedded, definition: Json) -> tuple[Service, Json]:
    embedded.start()
    service = embedded.service
    study_id = service.client.post("/v1/studies", definition)["id"]
    return service, service.until_study(study_id, is_settled, "the end", seconds=SECONDS)


def resumed(trials: list[Json], number: int) -> Iterator[int]:
    """Where the round's trials went on from, as the study asks and as their attempts did."""
    for trial in trials:
        if trial["round"] == number and trial["resume"]:
            assert trial["attempts"][0]["start_step"] == trial["resume"]["step"]
            yield trial["resume"]["step"]


def test_it_finds_its_own_horizon_and_trains_no_probe_twice(embedded: Embedded) -> None:
    typed = {"auto": {"start_steps": 16, "cap_steps": 1024}}
    service, study = run(embedded, small("auto.yaml", max_train_steps=typed))
    assert study["state"] == "completed", study["waiting_for"]
    purposes = [one["purpose"] for one in study["rounds"]]
    assert purposes[:2] == ["probe", "probe"], "16 steps fit nothing"
    assert purposes[-1] == "final"
    trials = service.trials(study["id"])
    for one in study["rounds"]:
        if one["action"] == "double_probe":
            assert set(resumed(trials, one["round"])) == {one["max_train_steps"] // 2}
        if one["purpose"] == "lr_sweep":
            assert len(list(resumed(trials, one["round"]))) >= 3
    advice = service.client.get(f"/v1/studies/{study['id']}/recommendations")["items"]
    (found,) = [one for one in advice if one["action"] == "set_initial_horizon"]
    tune = next(one for one in study["rounds"] if one["purpose"] == "tune")
    assert tune["max_train_steps"] == max(32, round(1.5 * found["max_train_steps"]["recommended"]))
    assert tune["fixed"]["dropout"]["value"] == 0.2
    assert_budget_adds_up(study, trials)


def assert_budget_adds_up(study: Json, trials: list[Json]) -> None:
    done = sum(t["last_step"] - (t["resume"]["step"] if t["resume"] else 0) for t in trials)
    spent = study["budget"]["steps"]
    assert (spent["spent"], spent["reserved"], spent["lost"]) == (done, 0, 0)


def test_compute_bound_it_begins_at_a_tenth_of_production_and_ends_at_the_whole(
    embedded: Embedded,
) -> None:
    service, study = run(embedded, small("compute_bound.yaml", production_steps=640))
    assert study["state"] == "completed", study["waiting_for"]
    horizons = [one["max_train_steps"] for one in study["rounds"]]
    assert (horizons[0], horizons[-1]) == (64, 640)
    assert {one["purpose"] for one in study["rounds"]} == {"tune", "final"}
    assert_budget_adds_up(study, service.trials(study["id"]))
