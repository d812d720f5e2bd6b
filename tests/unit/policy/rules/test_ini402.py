"""INI402: the sweep uses data augmentation or regularisation."""

import pytest

from app.domain.rounds import Point, Purpose
from app.domain.space import FixedValue, Role, Value
from app.policy.engine import admit_round, is_enforced_finding
from tests.unit.policy import builders as b


def admitted(**changes: object) -> b.JudgedVerdict:
    study = b.definition()
    given = {"purpose": Purpose.LR_SWEEP, **changes}
    verdicts = admit_round(b.study_facts(study), b.round_definition(study, **given))
    return next(v for v in verdicts if v.code == "INI402")


def fixed(value: Value, role: Role, off: Value | None = None) -> b.JudgedVerdict:
    return admitted(fixed={"it": FixedValue(value, role, off)})


@pytest.mark.parametrize("value", ["none", "off", "False", "Identity", 0, 0.0, False])
def test_clear_when_it_is_switched_off(value: Value) -> None:
    assert fixed(value, Role.AUGMENTATION).verdict == "clear"


def test_clear_for_another_role() -> None:
    assert fixed(0.5, Role.OPTIMIZER).verdict == "clear"


def test_clear_when_points_keep_a_searched_value_off() -> None:
    parameters = {
        "learning_rate": b.rate_parameter(),
        "dropout": b.number(0, 0.5, role=Role.REGULARIZATION),
    }
    points = (Point({"learning_rate": 0.1, "dropout": 0.0}),)
    given = {"parameters": parameters, "points": points}
    assert admitted(**given, trials=None).verdict == "clear"
    assert admitted(**given, trials=5).verdict == "finding"


def test_finding_names_the_parameter() -> None:
    verdict = fixed(0.1, Role.REGULARIZATION)
    assert is_enforced_finding(verdict)
    assert verdict.evidence["parameters"] == ["it"]


def test_inconclusive_for_other_purposes() -> None:
    assert admitted(purpose=Purpose.TUNE).missing == ("purpose",)


def test_threshold_is_the_value_that_is_declared_off() -> None:
    assert fixed(1.0, Role.REGULARIZATION, off=1.0).verdict == "clear"
    assert fixed(0.0, Role.REGULARIZATION, off=1.0).verdict == "finding"


def test_finding_stands_at_the_review_as_at_admission() -> None:
    study = b.definition()
    on = {"it": FixedValue(0.1, Role.REGULARIZATION)}
    trials, purpose = b.sweep(study, b.valley(0.01)), Purpose.LR_SWEEP
    swept = b.round_facts(study, trials, purpose=purpose, fixed=on)
    assert is_enforced_finding(b.verdict_of(b.study_facts(study, swept), "INI402"))
