"""PRM603: too few configurations are promoted to hold the eventual best."""

import pytest

from app.policy.engine import is_enforced_finding
from app.policy.prepare import prepare
from app.policy.winners_wanted import winners_wanted
from tests.unit.policy import builders as b
from tests.unit.policy.promoting import best_of, proposed, same, tuned, variant, verdict_on


def many_ties() -> b.StudyFacts:
    """Twenty configurations that end alike after unequal last halves: several places are due."""
    study = b.definition(trials=20)
    trials = [
        b.rate_trial(study, rate, b.falling(0.1, speed=8.0 + (i % 3) / 2))
        for i, rate in enumerate(b.rates(count=20))
    ]
    return b.study_facts(study, b.round_facts(study, trials))


def promoting(count: int, steps: int = 10_000) -> b.JudgedVerdict:
    study = many_ties()
    points = [same(t) for t in best_of(study, count)]
    return verdict_on(study, proposed(study, steps, points), "PRM603")


def test_clear_when_as_many_go_on_as_are_worth_a_place() -> None:
    verdict = promoting(promoting(1).evidence["wanted"])
    assert verdict.verdict == "clear"


def test_finding_of_one_winner_names_how_many_and_never_blocks() -> None:
    verdict = promoting(1)
    wanted = verdict.evidence["wanted"]
    assert wanted >= 2
    assert verdict.verdict == "finding"
    assert verdict.action == f"Promote {wanted} configurations."
    assert not is_enforced_finding(verdict)


def test_finding_shows_the_price_against_the_number_promoted() -> None:
    verdict = promoting(1)
    curve = verdict.evidence["probability_inside"]
    assert verdict.evidence["horizon_fraction"] == pytest.approx(0.1)
    assert [curve[0], curve[2], curve[4]] == pytest.approx([0.72, 0.86, 0.89])
    assert curve == sorted(curve)
    assert len(curve) == 6
    assert "hold the eventual best in 72, 79, 86, 88, 89, 89% of studies" in verdict.message


def test_finding_does_not_count_variants_or_seeds_of_one_configuration() -> None:
    study = many_ties()
    (best,) = best_of(study, 1)
    others = [variant(best, learning_rate=0.5), variant(best, learning_rate=0.6)]
    verdict = verdict_on(study, proposed(study, 10_000, [same(best), *others]), "PRM603")
    assert verdict.evidence["promoted"] == 1


def test_clear_when_the_others_ran_at_the_new_horizon_already() -> None:
    study = tuned()
    rates = [float(t.params["learning_rate"]) for t in best_of(study, 3)]
    known = [
        b.rate_trial(study.definition, rate, [1.0, 0.2], max_train_steps=8000) for rate in rates
    ]
    earlier = b.round_facts(study.definition, known, 2, max_train_steps=8000)
    more = b.study_facts(study.definition, *study.rounds, earlier)
    (best,) = best_of(study, 1)
    verdict = verdict_on(more, proposed(study, 8000, [same(best)]), "PRM603")
    assert (verdict.verdict, verdict.evidence["promoted"]) == ("clear", 3)


def test_clear_at_the_same_horizon_reads_as_late() -> None:
    study = tuned()
    verdict = verdict_on(study, proposed(study, 1000), "PRM603")
    assert verdict.verdict == "clear"
    assert "half of the steps or more" in verdict.message


def test_inconclusive_when_nobody_is_promoted() -> None:
    study = tuned()
    fresh = b.round_definition(study.definition, max_train_steps=8000)
    assert verdict_on(study, fresh, "PRM603").missing == ("winners",)


def test_threshold_is_the_number_that_the_adviser_promotes() -> None:
    wanted = winners_wanted(prepare(many_ties(), 1), 10.0)
    found = {count: promoting(count).verdict for count in (wanted - 1, wanted)}
    assert found == {wanted - 1: "finding", wanted: "clear"}
    assert promoting(wanted).threshold == wanted


def test_clear_where_everything_diverged_and_nobody_is_worth_a_place() -> None:
    study = b.tune_study(lambda _: float("inf"))
    verdict = verdict_on(
        study, proposed(study, 10_000, [same(study.rounds[0].trials[0])]), "PRM603"
    )
    assert verdict.verdict == "clear"
    assert verdict.evidence["wanted"] == 0
