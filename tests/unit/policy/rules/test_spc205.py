"""SPC205: few configurations come close to the best."""

from app.domain.recommendations import JudgedVerdict
from tests.unit.policy import builders as b


def tied(count: int, others: int = 6) -> JudgedVerdict:
    objective = b.Objective("val_error", tolerance=0.01)
    curves = [b.falling(0.1)] * count + [b.falling(0.3)] * others
    return b.verdict_of(b.alike(curves, objective=objective), "SPC205")


def test_clear_when_many_tie() -> None:
    assert tied(5).verdict == "clear"


def test_finding_when_the_best_stands_alone() -> None:
    verdict = tied(1)
    assert verdict.verdict == "finding"
    assert len(verdict.trial_ids) == 1


def test_inconclusive_with_two_configurations() -> None:
    assert tied(1, others=1).missing == ("trials",)


def test_threshold_is_three() -> None:
    assert [tied(n).verdict for n in (2, 3)] == ["finding", "clear"]
