"""INI404: the rate of the fastest trial lies on the boundary of the sweep."""

import numpy as np
import pytest

from app.domain.rounds import Purpose
from app.domain.studies import TrainingMetric
from app.policy.engine import is_enforced_finding
from tests.unit.policy import builders as b


def swept(*hits: int | None, purpose: Purpose = Purpose.LR_SWEEP) -> b.JudgedVerdict:
    """One rate a hit, ascending; the evaluation (1 ... 50) of the first fit, None: never."""
    study = b.definition(training_metric=TrainingMetric("train_error", perfect=0.0))
    made = [
        b.rate_trial(
            study,
            rate,
            b.falling(0.1),
            training=np.array([0.0 if hit and i + 1 >= hit else 0.5 for i in range(50)]),
        )
        for rate, hit in zip(b.rates(count=max(2, len(hits))), hits, strict=False)
    ]
    facts = b.study_facts(study, b.round_facts(study, made, purpose=purpose))
    return b.verdict_of(facts, "INI404")


@pytest.mark.parametrize(
    ("hits", "side"), [((5, 9, 20, None), "low"), ((None, 20, 9, 5), "high"), ((9, 5, 5), "high")]
)
def test_finding_on_either_side(hits: tuple[int | None, ...], side: str) -> None:
    verdict = swept(*hits)
    assert is_enforced_finding(verdict)
    assert (verdict.evidence["side"], verdict.evidence["strength"]) == (side, "edge")


def test_clear_when_the_best_lies_inside() -> None:
    assert swept(20, 9, 5, 9).verdict == "clear"


def test_clear_when_slower_rates_never_arrive() -> None:
    assert swept(None, None, 5, 9, None).verdict == "clear"


def test_inconclusive_when_nobody_fits() -> None:
    assert swept(None, None, None).missing == ("hits",)


def test_inconclusive_on_tune_rounds() -> None:
    assert swept(5, 9, 20, purpose=Purpose.TUNE).missing == ("purpose",)


def test_threshold_is_three_rates() -> None:
    assert swept(5, 9).missing == ("trials",)
    assert swept(5, 9, 20).verdict == "finding"
