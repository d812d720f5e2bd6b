"""SPC204: a large share of the trials diverged."""

import math

from tests.unit.policy import builders as b


def diverged(count: int) -> b.StudyFacts:
    over = b.rates(count=10)
    return b.tune_study(lambda r: math.inf if r >= over[10 - count] else b.valley(1e-3)(r), over)


def test_clear_when_few_diverged() -> None:
    assert b.verdict_of(diverged(1), "SPC204").verdict == "clear"


def test_finding_names_the_trials() -> None:
    verdict = b.verdict_of(diverged(5), "SPC204")
    assert verdict.verdict == "finding"
    assert len(verdict.trial_ids) == 5


def test_finding_when_all_diverged_says_to_look_for_a_bug() -> None:
    assert "bug" in b.verdict_of(diverged(10), "SPC204").action


def test_inconclusive_without_results() -> None:
    study = b.definition()
    facts = b.study_facts(study, b.round_facts(study, ()))
    assert b.verdict_of(facts, "SPC204").missing == ("trials",)


def test_threshold_is_four_in_ten() -> None:
    assert [b.verdict_of(diverged(n), "SPC204").verdict for n in (3, 4)] == ["clear", "finding"]
