"""HZN105: the warmup takes a large part of the horizon."""

from app.domain.recommendations import JudgedVerdict
from app.domain.schedules import ScheduleDefinition
from app.domain.space import Role
from app.domain.studies import AutoHorizon, AutoSteps, Binding
from app.policy.engine import admit_round, admit_study, is_enforced_finding
from tests.unit.policy import builders as b


def admitted(warmup: object, **changes: object) -> JudgedVerdict:
    schedule = ScheduleDefinition(kind="constant", peak="learning_rate", warmup_steps=warmup)  # type: ignore[arg-type]  # a test passes numbers and names alike
    study = b.definition(schedule=schedule, **changes)
    return next(v for v in admit_study(study) if v.code == "HZN105")


def test_clear_without_warmup() -> None:
    assert admitted(None).verdict == "clear"


def test_clear_above_five_percent_still_advises_a_longer_horizon() -> None:
    verdict = admitted(60)
    assert verdict.verdict == "clear"
    assert "raise max_train_steps to 1060" in verdict.message


def test_finding_reads_the_longest_warmup_that_is_searched() -> None:
    parameters = {
        "learning_rate": b.rate_parameter(),
        "warmup": b.number(0, 200, role=Role.WARMUP),
    }
    verdict = admitted("warmup", parameters=parameters)
    assert (verdict.verdict, verdict.binding) == ("finding", Binding.WARN)
    assert verdict.evidence["warmup_steps"] == 200


def test_finding_in_a_shorter_round() -> None:
    study = b.definition(schedule=ScheduleDefinition(peak="learning_rate", warmup_steps=90))
    facts = b.study_facts(study, b.round_facts(study, b.sweep(study, b.valley(0.01))))
    shorter = b.round_definition(study, max_train_steps=250)
    verdicts = [v for v in admit_round(facts, shorter) if v.code == "HZN105"]
    assert [v.verdict for v in verdicts] == ["finding"]


def test_inconclusive_while_the_horizon_is_searched() -> None:
    auto = AutoHorizon(AutoSteps(start_steps=500, cap_steps=64000))
    assert admitted(60, max_train_steps=auto).missing == ("horizon",)


def test_threshold_is_a_tenth_and_the_whole_is_enforced() -> None:
    assert admitted(100).verdict == "clear"
    assert admitted(101).verdict == "finding"
    assert not is_enforced_finding(admitted(999))
    assert is_enforced_finding(admitted(1000))
