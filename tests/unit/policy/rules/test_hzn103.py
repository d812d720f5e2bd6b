"""HZN103: a measurement beyond the horizon."""

from app.domain.recommendations import JudgedVerdict
from app.policy.catalogue import rules_of
from app.policy.engine import Bench, is_enforced_finding, run
from app.policy.measurements import MeasurementFacts
from app.policy.rule import Stage


def admit(steps: list[int], max_train_steps: int) -> tuple[JudgedVerdict, ...]:
    """What the rules of measurements say of a batch."""
    facts = MeasurementFacts(steps, max_train_steps)
    return tuple(run(rules_of(Stage.MEASUREMENT), Stage.MEASUREMENT, facts, Bench({})))


def test_clear_up_to_the_horizon() -> None:
    (verdict,) = admit([0, 500], 1000)
    assert verdict.verdict == "clear"


def test_finding_names_the_first_refused_step() -> None:
    (verdict,) = admit([500, 1500, 2000], 1000)
    assert is_enforced_finding(verdict)
    assert verdict.evidence["first_refused_step"] == 1500


def test_inconclusive_without_steps() -> None:
    (verdict,) = admit([], 1000)
    assert verdict.missing == ("measurements",)


def test_threshold_is_the_horizon_itself() -> None:
    assert admit([1000], 1000)[0].verdict == "clear"
    assert admit([1001], 1000)[0].verdict == "finding"
