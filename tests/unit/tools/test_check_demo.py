"""The demo's last line is judged as strictly as scripts will read it."""

import json
from typing import Any

import pytest

from tools.check_demo import check

ROUND = {
    "purpose": "tune",
    "max_train_steps": 200,
    "trials": 10,
    "verdicts": [{"code": "SPC201", "verdict": "finding"}],
}
BEST = {"trial_id": "trl_1", "value": 0.03, "step": 180, "checkpoint": "digits/180"}
STUDY: dict[str, Any] = {  # Any: JSON
    "study_id": "std_1",
    "seconds": 91.5,
    "rounds": [ROUND, {**ROUND, "purpose": "final"}],
    "best": BEST,
}


def output(study: object) -> str:
    """What the demo prints: a story, then one line of JSON."""
    return f"round 1 opens\n{{not json}}\n{json.dumps(study)}\n"


def test_a_whole_study_on_the_last_line_is_accepted() -> None:
    assert check(output(STUDY)) == []


@pytest.mark.parametrize("key", STUDY)
def test_a_missing_field_is_named(key: str) -> None:
    study = {name: value for name, value in STUDY.items() if name != key}

    assert check(output(study)) == [f"study.{key} is missing"]


@pytest.mark.parametrize(
    "change",
    [
        {"rounds": [ROUND]},
        {"rounds": [ROUND, {**ROUND, "verdicts": [{"code": "SPC201"}]}]},
        {"best": {**BEST, "value": None}},
        {"seconds": "91"},
    ],
)
def test_a_hollow_study_is_refused(change: dict[str, object]) -> None:
    assert len(check(output({**STUDY, **change}))) == 1


@pytest.mark.parametrize("text", ["", "all went well\n", f"{json.dumps(STUDY)}\ndone\n"])
def test_a_last_line_that_is_no_json_is_refused(text: str) -> None:
    assert len(check(text)) == 1
