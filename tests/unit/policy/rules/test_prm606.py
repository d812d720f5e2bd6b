"""PRM606: the winner's margin lies within retrain noise."""

import math

import pytest

from app.policy.engine import is_enforced_finding
from tests.unit.policy import builders as b
from tests.unit.policy.promoting import proposed, tuned, verdict_on

SPREAD = 0.01  # between two seeds: a standard deviation of SPREAD / sqrt 2


def replicated(*means: float) -> b.StudyFacts:
    """Configurations with these mean values, each under two seeds that differ by SPREAD."""
    study = b.definition(seeds=(0, 1))
    trials = [
        b.rate_trial(study, rate, [1.0, mean + (seed - 0.5) * SPREAD], seed=seed)
        for rate, mean in zip(b.rates(count=len(means)), means, strict=True)
        for seed in (0, 1)
    ]
    return b.study_facts(study, b.round_facts(study, trials))


def judged(*means: float) -> b.JudgedVerdict:
    study = replicated(*means)
    return verdict_on(study, proposed(study, 1000), "PRM606")


def test_clear_when_the_best_is_far_ahead() -> None:
    verdict = judged(0.1, 0.2, 0.3)
    assert (verdict.verdict, verdict.evidence["tied"]) == ("clear", 1)
    assert verdict.evidence["flattered_by"] == 0.0


def test_finding_counts_who_ties_and_says_by_how_much_the_best_is_flattered() -> None:
    verdict = judged(0.1, 0.101, 0.102, 0.3)
    assert (verdict.verdict, verdict.evidence["tied"]) == ("finding", 3)
    assert not verdict.evidence["is_assumed"]
    assert 0 < verdict.evidence["flattered_by"] < SPREAD
    assert verdict.severity == "info"
    assert not is_enforced_finding(verdict)


def test_finding_of_an_exact_tie_without_any_noise() -> None:
    study = b.alike([[1.0, 0.5], [1.0, 0.5], [1.0, 0.9]], objective=b.Objective("val_error"))
    verdict = verdict_on(study, proposed(study, 1000), "PRM606")
    assert verdict.verdict == "finding"


def test_clear_says_when_the_noise_is_assumed() -> None:
    verdict = verdict_on(tuned(), proposed(tuned(), 1000), "PRM606")
    assert verdict.evidence["is_assumed"]
    assert "assumed" in verdict.message


def test_inconclusive_for_a_single_configuration() -> None:
    study = b.alike([[1.0, 0.5]])
    assert verdict_on(study, proposed(study, 1000), "PRM606").missing == ("trials",)


def test_threshold_is_two_deviations_of_a_difference() -> None:
    reach = 2 * math.sqrt(2) * SPREAD / math.sqrt(2)
    assert judged(0.1, 0.3).threshold == pytest.approx(reach)
    assert judged(0.1, 0.1 + reach * 0.999).verdict == "finding"
    assert judged(0.1, 0.1 + reach * 1.001).verdict == "clear"
