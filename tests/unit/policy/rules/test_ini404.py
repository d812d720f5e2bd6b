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


def swept_by(*told: tuple[int, bool, int]) -> b.JudgedVerdict:
    """One rate each, ascending: (first evaluation that fits, 0 never; censored; evaluations)."""
    study = b.definition(training_metric=TrainingMetric("train_error", perfect=0.0))
    made = [
        b.rate_trial(
            study,
            rate,
            b.falling(0.1)[:count],
            steps=b.evaluations()[:count],
            training=np.array([0.0 if hit and i + 1 >= hit else 0.5 for i in range(count)]),
            censored=censored,
        )
        for rate, (hit, censored, count) in zip(b.rates(count=len(told)), told, strict=True)
    ]
    facts = b.study_facts(study, b.round_facts(study, made, purpose=Purpose.LR_SWEEP))
    return b.verdict_of(facts, "INI404")


def test_clear_where_every_run_stopped_once_it_fitted() -> None:
    verdict = swept_by((20, True, 21), (9, True, 10), (30, True, 31))
    assert verdict.verdict == "clear"
    assert verdict.evidence["steps_to_fit"] == {"0.0001": 400, "0.01": 180, "1": 600}


def test_inconclusive_where_a_run_stopped_before_it_could_tell() -> None:
    verdict = swept_by((20, False, 50), (9, False, 50), (0, True, 5))
    assert verdict.missing == ("trials",)
    assert swept_by((20, False, 50), (9, False, 50), (0, True, 12)).verdict == "clear"


def test_finding_names_the_fastest_rate_and_not_the_best_objective() -> None:
    assert swept(5, 9, 20).evidence["best"] == pytest.approx(1e-4)
