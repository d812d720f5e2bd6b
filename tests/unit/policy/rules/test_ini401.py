"""INI401: the sweep's schedule is not constant."""

import pytest

from app.domain.rounds import Point, Purpose
from app.policy.engine import admit_round, is_enforced_finding
from tests.unit.policy import builders as b


def admitted(schedule: b.ScheduleDefinition, **changes: object) -> b.JudgedVerdict:
    study = b.definition()
    given = {"purpose": Purpose.LR_SWEEP, "schedule": schedule, **changes}
    verdicts = admit_round(b.study_facts(study), b.round_definition(study, **given))
    return next(v for v in verdicts if v.code == "INI401")


def schedule(kind: str, **changes: object) -> b.ScheduleDefinition:
    return b.ScheduleDefinition(kind=kind, peak="learning_rate", **changes)  # type: ignore[arg-type]  # any field


def test_clear_for_a_constant_rate() -> None:
    assert admitted(schedule("constant")).verdict == "clear"


@pytest.mark.parametrize("kind", ["linear", "cosine", "wsd", "inverse_sqrt"])
def test_finding_for_a_decay(kind: str) -> None:
    assert is_enforced_finding(admitted(schedule(kind)))


def test_finding_for_one_point_of_its_own() -> None:
    points = (Point({"learning_rate": 0.1}, schedule=schedule("cosine")),)
    assert admitted(schedule("constant"), points=points).verdict == "finding"


def test_inconclusive_for_other_purposes() -> None:
    assert admitted(schedule("cosine"), purpose=Purpose.TUNE).missing == ("purpose",)


def test_threshold_is_any_change_of_the_rate() -> None:
    assert admitted(schedule("constant", warmup_steps=1)).verdict == "finding"
    assert admitted(schedule("constant", warmup_steps=0)).verdict == "clear"
    assert admitted(schedule("linear", final_fraction=1.0)).verdict == "clear"


@pytest.mark.parametrize(("kind", "verdict"), [("constant", "clear"), ("cosine", "finding")])
def test_finding_stands_at_the_review_as_at_admission(kind: str, verdict: str) -> None:
    study = b.definition()
    trials, purpose = b.sweep(study, b.valley(0.01)), Purpose.LR_SWEEP
    swept = b.round_facts(study, trials, purpose=purpose, schedule=schedule(kind))
    judged = b.verdict_of(b.study_facts(study, swept), "INI401")
    assert (judged.verdict, is_enforced_finding(judged)) == (verdict, verdict == "finding")
