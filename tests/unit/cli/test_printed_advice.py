"""How verdicts and advice are printed: what matters first, nothing passed over silently."""

from typing import Any  # Any: JSON of the service

import pytest

from paceline.cli.advice import next_of
from paceline.cli.output import print_recommendation, verdict_lines

Json = dict[str, Any]  # Any: JSON

ADVICE: Json = {
    "study_id": "study_1",
    "round": 2,
    "state": "proposed",
    "sentence": "Longer training pays: tune again at 512.",
    "action": "extend_horizon",
    "confidence": "medium",
    "max_train_steps": {"current": 128, "recommended": 512, "low": 256, "high": 1024},
    "parameters": None,
    "cost": {"steps": 5120, "gpu_hours": 0.0, "saved_by_reuse_steps": 231},
    "proposal": {"purpose": "tune"},
    "promote": [{"trial_id": "trial_1", "reason": "val_error 0.1, rank 1 of 9"}],
    "reasons": [{"code": "CKP302", "message": "5 of 5 best steps are late."}],
    "would_change_my_mind": ["a tune round that gains nothing"],
    "blocked_by": [],
}


def verdict(code: str, kind: str, **changes: Any) -> Json:  # Any: JSON
    given = {"code": code, "verdict": kind, "severity": "warn", "missing": [], "waived": False}
    return {
        **given,
        "message": f"{code} says so",
        "action": "Do it." * (kind == "finding"),
        **changes,
    }


def test_findings_come_first_with_what_to_do_and_no_verdict_is_left_out() -> None:
    lines = verdict_lines(
        [
            verdict("HZN101", "clear"),
            verdict("INI401", "inconclusive", missing=["purpose"]),
            verdict("SPC202", "inconclusive", missing=["trials"], message=""),
            verdict("SPC205", "finding", severity="info"),
            verdict("SPC201", "finding", waived=True),
        ]
    )
    assert lines == [
        "  i  SPC205 SPC205 says so",
        "     -> Do it.",
        "  !! SPC201 SPC201 says so (waived)",
        "     -> Do it.",
        "  ?  SPC202 needs trials",
        "  ok HZN101",
        "  -  not asked here: INI401",
    ]


def test_a_recommendation_is_a_sentence_then_numbers_then_why_then_what_would_change_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_recommendation(ADVICE)
    said = capsys.readouterr().out
    parts = (
        "Longer training pays",
        "128 now, 512 recommended (between 256 and 1024)",
        "5120 steps, 231 steps saved by reuse",
        "trial_1: val_error 0.1",
        "why\n    - CKP302: 5 of 5",
        "what would change my mind\n    - a tune round",
    )
    places = [said.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)
    assert "GPU-hours" not in said


@pytest.mark.parametrize(
    ("changes", "command"),
    [
        ({}, "paceline recommend study_1 --accept"),
        ({"blocked_by": ["SPC201"]}, "paceline explain SPC201"),
        ({"proposal": None, "action": "finish"}, "paceline recommend study_1 --accept"),
        ({"proposal": None, "action": "collect_evidence"}, "paceline trial ls study_1 --round 2"),
        (
            {"proposal": None, "action": "treat_as_compute_bound"},
            "paceline recommend study_1 --accept --production-steps STEPS",
        ),
        ({"state": "accepted"}, "paceline study show study_1"),
        ({"state": "accepted", "action": "finish"}, "paceline best study_1"),
    ],
)
def test_the_next_command_is_one_that_works(changes: Json, command: str) -> None:
    assert next_of({**ADVICE, **changes}) == command
