"""CKP306: the best steps lie at the end of a decay."""

from app.domain.schedules import ScheduleDefinition
from tests.unit.policy import builders as b


def late(final_fraction: float, *evaluations: int) -> b.JudgedVerdict:
    schedule = ScheduleDefinition(
        kind="linear", peak="learning_rate", final_fraction=final_fraction
    )
    curves = [b.arriving(at) for at in evaluations or (50, 50, 50, 50, 50)]
    return b.verdict_of(b.alike(curves, schedule=schedule), "CKP306")


def test_finding_when_annealing_explains_late_best_steps() -> None:
    assert late(0.0).verdict == "finding"


def test_clear_when_best_steps_are_not_late() -> None:
    assert late(0.0, 20, 20, 20, 20, 20).verdict == "clear"


def test_clear_under_a_constant_rate() -> None:
    assert b.verdict_of(b.alike([b.arriving(50)] * 5), "CKP306").verdict == "clear"


def test_inconclusive_with_too_few() -> None:
    assert late(0.0, 50, 50).missing == ("trials",)


def test_threshold_is_half_the_peak() -> None:
    """The last update's rate is final_fraction plus a five-hundredth of what was decayed."""
    assert [late(f).verdict for f in (0.498, 0.5)] == ["finding", "clear"]
