"""HZN103: a measurement beyond the horizon."""

from app.policy.engine import admit_measurements, is_enforced_finding


def test_clear_up_to_the_horizon() -> None:
    (verdict,) = admit_measurements([0, 500], 1000)
    assert verdict.verdict == "clear"


def test_finding_names_the_first_refused_step() -> None:
    (verdict,) = admit_measurements([500, 1500, 2000], 1000)
    assert is_enforced_finding(verdict)
    assert verdict.evidence["first_refused_step"] == 1500


def test_inconclusive_without_steps() -> None:
    (verdict,) = admit_measurements([], 1000)
    assert verdict.missing == ("measurements",)


def test_threshold_is_the_horizon_itself() -> None:
    assert admit_measurements([1000], 1000)[0].verdict == "clear"
    assert admit_measurements([1001], 1000)[0].verdict == "finding"
