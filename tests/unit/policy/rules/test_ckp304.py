"""CKP304: the metric worsens past its best."""

from tests.unit.policy import builders as b


def overfitted(rise: float) -> list[float]:
    """Falls to .1 by 40%, then rises in a straight line."""
    return [1 - 0.9 * (i + 1) / 20 for i in range(20)] + [0.1 + rise * i / 30 for i in range(1, 31)]


def judged(rising: int, others: int, rise: float = 0.3) -> b.JudgedVerdict:
    objective = b.Objective("val_error", tolerance=0.05)
    curves = [overfitted(rise)] * rising + [b.falling(0.1)] * others
    return b.verdict_of(b.alike(curves, objective=objective), "CKP304")


def test_finding_when_all_overfit() -> None:
    verdict = judged(5, 0)
    assert verdict.verdict == "finding"
    assert len(verdict.trial_ids) == 5


def test_clear_when_curves_stay_at_their_best() -> None:
    assert judged(0, 5).verdict == "clear"


def test_clear_when_the_rise_ties_with_the_best() -> None:
    assert judged(5, 0, rise=0.04).verdict == "clear"


def test_inconclusive_with_too_few() -> None:
    assert judged(3, 0).missing == ("trials",)


def test_threshold_is_half_of_the_competitive_set() -> None:
    assert [judged(n, 5 - n).verdict for n in (2, 3)] == ["clear", "finding"]
