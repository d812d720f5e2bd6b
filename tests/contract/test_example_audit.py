"""The table in examples/audit is judged as the documents say."""

from pathlib import Path

import paceline
from paceline.cli.audits import build_request
from paceline.cli.definitions import read_definition
from tests.contract.lab import Lab

EXAMPLES = Path(paceline.__file__).resolve().parents[1] / "examples"


def test_the_example_s_best_rate_is_found_on_the_edge_of_the_study_s_range(lab: Lab) -> None:
    definition = read_definition(EXAMPLES / "digits" / "study.yaml")
    body = build_request(EXAMPLES / "audit" / "digits_runs.csv", definition, None, None)
    answer = lab.client.post("/v1/audits", json=body)
    assert answer.status_code == 200, answer.text
    advice = answer.json()["recommendation"]
    assert advice["action"] == "widen_search_space"
    assert advice["parameters"]["learning_rate"]["high"] > 0.02
    assert advice["promote"][0]["trial_id"] == "run-04"
