"""CKP307: a good result is reached long before the horizon."""

import pytest

from tests.unit.policy import builders as b


def first_good_at(evaluation: int) -> b.StudyFacts:
    """One large rate is as good as the best early; the tuned rates fill the time."""
    fast = b.arriving(evaluation, best=0.1)
    return b.alike([b.arriving(50)] * 4 + [fast])


def test_finding_names_the_step_and_the_trial() -> None:
    verdict = b.verdict_of(first_good_at(5), "CKP307")
    assert verdict.verdict == "finding"
    assert verdict.evidence["fastest_good_step"] == 100
    assert len(verdict.trial_ids) == 1


def test_clear_when_it_takes_the_time() -> None:
    verdict = b.verdict_of(first_good_at(40), "CKP307")
    assert verdict.verdict == "clear"
    assert verdict.evidence["fastest_good_step"] == 800


def test_finding_needs_no_competitive_set() -> None:
    assert b.verdict_of(b.alike([b.arriving(5)]), "CKP307").verdict == "finding"


@pytest.mark.parametrize("count", [0, 1])
def test_inconclusive_without_trials_or_with_one_evaluation(count: int) -> None:
    verdict = b.verdict_of(b.alike([[0.1]] * count), "CKP307")
    assert verdict.verdict == "inconclusive"
    assert "fastest_good_step" in verdict.evidence


def test_threshold_is_a_quarter() -> None:
    assert b.verdict_of(first_good_at(12), "CKP307").verdict == "finding"
    assert b.verdict_of(first_good_at(13), "CKP307").verdict == "clear"
