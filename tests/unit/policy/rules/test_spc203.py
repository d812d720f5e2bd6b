"""SPC203: the best learning rate sits at the stability cliff."""

import math

from tests.unit.policy import builders as b


def cliff(stable: int, optimum: float = 100.0) -> b.StudyFacts:
    """Nine rates, the lowest `stable` of them alive; values improve towards the optimum."""
    last = b.rates()[stable - 1]
    return b.tune_study(lambda rate: math.inf if rate > last else b.valley(optimum)(rate))


def test_finding_says_that_the_value_still_improves() -> None:
    verdict = b.verdict_of(cliff(6), "SPC203")
    assert verdict.verdict == "finding"
    assert verdict.evidence["still_improving"] is True
    assert "warmup" in verdict.action


def test_finding_of_a_healthy_range_asks_for_nothing() -> None:
    verdict = b.verdict_of(cliff(6, optimum=b.rates()[4]), "SPC203")
    assert verdict.verdict == "finding"
    assert verdict.evidence["still_improving"] is False


def test_finding_counts_what_never_learned_as_dead() -> None:
    study = b.definition()
    over = b.rates()
    made = [
        b.rate_trial(study, r, b.falling(b.valley(over[5])(r)) if r <= over[5] else [1.0] * 50)
        for r in over
    ]
    facts = b.study_facts(study, b.round_facts(study, made))
    assert b.verdict_of(facts, "SPC203").verdict == "finding"


def test_clear_without_divergence() -> None:
    assert b.verdict_of(b.tune_study(b.valley(0.01)), "SPC203").verdict == "clear"


def test_inconclusive_with_too_few_values() -> None:
    study = b.tune_study(b.valley(0.01), b.rates(count=4))
    assert b.verdict_of(study, "SPC203").missing == ("trials",)


def test_threshold_is_one_live_rate_above_the_best() -> None:
    over = b.rates()
    assert b.verdict_of(cliff(7, optimum=over[5]), "SPC203").verdict == "finding"
    assert b.verdict_of(cliff(7, optimum=over[4]), "SPC203").verdict == "clear"
