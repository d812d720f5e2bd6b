"""CKP301: the best steps all lie in the first tenth of training."""

import pytest

from app.domain.rounds import Purpose
from tests.unit.policy import builders as b


def best_at(*evaluations: int) -> b.StudyFacts:
    return b.alike([b.arriving(at) for at in evaluations])


def test_finding_when_all_are_early() -> None:
    verdict = b.verdict_of(best_at(3, 3, 4, 4, 5), "CKP301")
    assert verdict.verdict == "finding"
    assert verdict.evidence["share"] == 1.0


def test_clear_when_one_of_five_is_late() -> None:
    assert b.verdict_of(best_at(3, 3, 4, 4, 30), "CKP301").verdict == "clear"


def test_clear_when_curves_still_fall_although_noise_reaches_the_minimum_early() -> None:
    curves = [[1 - i / 60 for i in range(50)] for _ in range(5)]
    assert b.verdict_of(b.alike(curves), "CKP301").verdict == "clear"


def test_inconclusive_with_fewer_than_five_still_gives_the_numbers() -> None:
    verdict = b.verdict_of(best_at(3, 3, 4, 4), "CKP301")
    assert verdict.missing == ("trials",)
    assert verdict.evidence["best_step_fractions"] == pytest.approx([0.06, 0.06, 0.08, 0.08])
    assert verdict.evidence["g75"] is not None


def test_inconclusive_on_a_check_round_still_gives_the_numbers() -> None:
    study = b.definition()
    trials = b.sweep(study, b.valley(0.01))
    facts = b.study_facts(study, b.round_facts(study, trials, purpose=Purpose.CHECK))
    verdict = b.verdict_of(facts, "CKP301")
    assert verdict.missing == ("purpose",)
    assert {"share", "g75", "best_step_fractions"} <= set(verdict.evidence)


def test_threshold_is_a_tenth_with_one_exception_from_ten() -> None:
    assert b.verdict_of(best_at(5, 5, 5, 5, 5), "CKP301").verdict == "finding"
    assert b.verdict_of(best_at(5, 5, 5, 5, 6), "CKP301").verdict == "clear"
    settings = {"CKP301.exception_from": 5}
    curves = [b.arriving(at) for at in (5, 5, 5, 5, 30)]
    assert b.verdict_of(b.alike(curves, settings=settings), "CKP301").verdict == "finding"


def test_finding_on_a_plateau_whose_lowest_value_comes_late_by_luck() -> None:
    plateau = [1.0, 0.5] + [0.1, 0.101] * 23 + [0.1, 0.0999]
    verdict = b.verdict_of(b.alike([plateau] * 5), "CKP301")
    assert verdict.verdict == "finding"
