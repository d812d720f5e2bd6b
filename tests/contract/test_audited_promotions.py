"""Audits judge the promotion by which a round came about, and the one that they advise."""

from typing import Any

from tests.contract.audited import HORIZON, audit_of, judged, sweep, verdicts
from tests.contract.lab import Json, Lab

STAGE_P = ("SPC208", "PRM601", "PRM603", "PRM604", "PRM606", "SCH701", "SCH702", "SCH704")
EXPONENTIAL = {"kind": "exponential", "peak": "learning_rate", "final_fraction": 0.001}


def two_rounds(count: int, growth: int = 8, **schedule: Any) -> Json:
    """A sweep, and its best trials again for longer, named as promoted."""
    body = audit_of(sweep(speed=14.0), workload="compute_bound", **schedule)
    chosen = sorted(sweep(), key=lambda t: abs(int(t["id"][1:]) - 4))[:count]
    later = [{**t, "id": f"b{t['id']}", "promoted_from": t["id"]} for t in chosen]
    for trial in later:
        trial["curve"]["steps"] = [growth * step for step in trial["curve"]["steps"]]
    first = body["rounds"][0]
    horizon = growth * HORIZON
    body["rounds"].append(
        {**first, "purpose": "final", "max_train_steps": horizon, "trials": later}
    )
    return body


def test_a_round_of_promoted_trials_is_judged_as_the_promotion_that_it_was(lab: Lab) -> None:
    answer = judged(lab, two_rounds(1, schedule=EXPONENTIAL))
    found = verdicts(answer)
    assert (found["PRM603"]["verdict"], found["PRM603"]["statistic"]) == ("finding", 1.0)
    assert (found["SCH701"]["verdict"], found["SCH701"]["binding"]) == ("finding", "enforce")
    assert found["SCH701"]["trial_ids"] == ["t4"]
    assert found["PRM604"]["evidence"]["jump"] == 8.0
    reasons = {reason["code"] for reason in answer["recommendation"]["reasons"]}
    assert {"PRM603", "SCH701"} <= reasons


def test_a_long_jump_is_found_where_nothing_was_re_checked_between(lab: Lab) -> None:
    assert verdicts(judged(lab, two_rounds(3, growth=16)))["PRM604"]["verdict"] == "finding"


def test_the_advised_promotion_of_the_last_round_is_judged(lab: Lab) -> None:
    body = audit_of(sweep(speed=14.0), workload="compute_bound", production_steps=8 * HORIZON)
    answer = judged(lab, body)
    assert answer["recommendation"]["action"] == "promote"
    found = verdicts(answer)
    assert found["PRM603"]["evidence"]["horizon_fraction"] == 0.125
    assert found["SCH701"]["verdict"] == "clear"


def test_an_enforced_finding_about_the_advised_promotion_is_named(lab: Lab) -> None:
    body = audit_of(
        sweep(speed=14.0),
        schedule=EXPONENTIAL,
        workload="compute_bound",
        production_steps=8 * HORIZON,
    )
    answer = judged(lab, body)
    assert answer["recommendation"]["blocked_by"] == ["SCH701"]


def test_where_nothing_is_promoted_every_rule_of_the_stage_says_so(lab: Lab) -> None:
    answer = judged(lab, audit_of(sweep(speed=1.0)))
    assert answer["recommendation"]["action"] == "extend_horizon"
    found = verdicts(answer)
    for code in STAGE_P:
        assert found[code]["verdict"] == "inconclusive"
        assert found[code]["missing"] in (["promotion"], ["batch_size"])
    first = verdicts(judged(lab, two_rounds(2)), 0)
    assert first["PRM603"]["missing"] == ["promotion"]


def test_every_rule_answers_once_for_each_round(lab: Lab) -> None:
    for assessment in judged(lab, two_rounds(2))["assessments"]:
        codes = [v["code"] for v in assessment["verdicts"]]
        assert len(codes) == len(set(codes))
        assert set(STAGE_P) <= set(codes)
