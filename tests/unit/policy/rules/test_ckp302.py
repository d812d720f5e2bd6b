"""CKP302: the best steps consistently lie in the last quarter of training."""

import pytest

from app.domain.rounds import Purpose
from app.domain.schedules import ScheduleDefinition
from app.policy.best_steps import least_count
from tests.unit.policy import builders as b

LINEAR = ScheduleDefinition(kind="linear", peak="learning_rate")
WSD = ScheduleDefinition(kind="wsd", peak="learning_rate", decay_fraction=0.2)


def best_at(*evaluations: int, **changes: object) -> b.StudyFacts:
    return b.alike([b.arriving(at) for at in evaluations], **changes)


def test_finding_when_most_are_late() -> None:
    verdict = b.verdict_of(best_at(45, 46, 47, 50, 20), "CKP302")
    assert verdict.verdict == "finding"
    assert verdict.evidence["share"] == pytest.approx(0.8)


def test_clear_when_three_of_five_are_late() -> None:
    assert b.verdict_of(best_at(45, 46, 47, 20, 20), "CKP302").verdict == "clear"


def test_inconclusive_under_a_decay_that_explains_it() -> None:
    verdict = b.verdict_of(best_at(50, 50, 50, 50, 50, schedule=LINEAR), "CKP302")
    assert verdict.missing == ("constant_part",)
    assert verdict.evidence["share"] == 1.0


def test_finding_when_the_constant_part_alone_shows_it() -> None:
    assert b.verdict_of(best_at(50, 50, 50, 50, 50, schedule=WSD), "CKP302").verdict == "finding"


def test_inconclusive_when_the_constant_part_is_flat() -> None:
    assert b.verdict_of(best_at(50, 50, 50, 50, 50, schedule=LINEAR), "CKP302").missing


def test_finding_under_a_decay_when_a_longer_round_gained() -> None:
    study = b.definition(schedule=LINEAR)
    over = b.rates(count=5)
    short = [b.rate_trial(study, rate, b.arriving(50)) for rate in over]
    long = [
        b.rate_trial(study, rate, b.arriving(50, best=0.05), max_train_steps=2000) for rate in over
    ]
    check = {"purpose": Purpose.CHECK, "checks": 1, "max_train_steps": 2000}
    rounds = (b.round_facts(study, short), b.round_facts(study, long, 2, **check))
    assert b.verdict_of(b.study_facts(study, *rounds), "CKP302").verdict == "finding"


def test_inconclusive_under_twenty_evaluations() -> None:
    few = b.alike([b.arriving(19, count=19)] * 1 + [b.falling(0.1, count=19)] * 4)
    assert b.verdict_of(few, "CKP302").missing == ("evaluations",)


def test_inconclusive_when_only_too_small_rates_are_late() -> None:
    """P-17's self-deception: three tied configurations of four are no competitive set."""
    assert b.verdict_of(best_at(50, 50, 50, 50), "CKP302").missing == ("trials",)


def test_threshold_counts_are_four_of_five_five_of_eight_six_of_ten() -> None:
    assert [least_count(n, 0.25, 0.03, 0.6) for n in (5, 8, 10)] == [4, 5, 6]


def test_threshold_is_the_whole_cell_in_the_last_quarter() -> None:
    """Every 20 of 1,000 steps: the cell (740, 760] lies across the zone's start, (760, 780] not."""
    assert b.verdict_of(best_at(38, 38, 38, 38, 38), "CKP302").verdict == "clear"
    assert b.verdict_of(best_at(39, 39, 39, 39, 39), "CKP302").verdict == "finding"


def test_threshold_of_the_study_is_a_larger_share() -> None:
    settings = {"CKP302.min_share": 0.9}
    facts = best_at(45, 46, 47, 50, 20, settings=settings)
    assert b.verdict_of(facts, "CKP302").verdict == "clear"
