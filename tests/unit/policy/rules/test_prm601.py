"""PRM601: a winner carries a parameter that is unlikely to transfer, unchanged."""

from typing import Any

import pytest

from app.domain.rounds import Purpose
from app.domain.schedules import ScheduleDefinition
from app.policy.facts import StudyFacts
from tests.unit.policy import builders as b
from tests.unit.policy.promoting import best_of, proposed, same, tuned, variant, verdict_on

LINEAR = ScheduleDefinition("linear", "learning_rate")
HELD = ScheduleDefinition("linear", "learning_rate", decay_steps=1000)
WSD = ScheduleDefinition("wsd", "learning_rate", decay_fraction=0.2)


def with_parameter(
    role: b.Role, schedule: ScheduleDefinition = WSD, name: str = "extra"
) -> StudyFacts:
    """Nine rates, each with the same value of another searched parameter."""
    extra = b.number(0.1, 0.9, role=role)
    study = b.definition(
        parameters={"learning_rate": b.rate_parameter(), name: extra}, schedule=schedule
    )
    value_of = b.valley(0.01)
    trials = [
        b.trial(study, {"learning_rate": rate, name: 0.5}, b.falling(value_of(rate)))
        for rate in b.rates()
    ]
    return b.study_facts(study, b.round_facts(study, trials))


def transfer_of(verdict: b.JudgedVerdict, name: str) -> dict[str, Any]:
    (found,) = (one for one in verdict.evidence["transfer"] if one["parameter"] == name)
    return dict(found)


@pytest.mark.parametrize(
    ("role", "likelihood", "claim"),
    [
        (b.Role.WARMUP, "very_likely", "P-27a"),
        (b.Role.INITIALIZATION, "very_likely", "P-27a"),
        (b.Role.ARCHITECTURE, "likely", "P-27b"),
        (b.Role.OPTIMIZER, "might", "P-27c"),
        (b.Role.AUGMENTATION, "might", "P-27c"),
        (b.Role.REGULARIZATION, "might", "P-27c"),
    ],
)
def test_clear_when_what_is_kept_may_transfer(role: b.Role, likelihood: str, claim: str) -> None:
    study = with_parameter(role)
    verdict = verdict_on(study, proposed(study, 8000), "PRM601")
    assert verdict.verdict == "clear"
    found = transfer_of(verdict, "extra")
    assert (found["likelihood"], found["claim"], found["treatment"]) == (likelihood, claim, "kept")


def test_finding_when_a_schedule_s_parameter_is_carried_as_it_is() -> None:
    study = with_parameter(b.Role.SCHEDULE)
    verdict = verdict_on(study, proposed(study, 8000), "PRM601")
    assert verdict.verdict == "finding"
    assert "extra (role schedule)" in verdict.message
    assert transfer_of(verdict, "extra")["treatment"] == "unchanged"


def test_clear_when_it_is_tried_at_another_value_too() -> None:
    study = with_parameter(b.Role.SCHEDULE)
    (best,) = best_of(study, 1)
    verdict = verdict_on(
        study, proposed(study, 8000, [same(best), variant(best, extra=0.3)]), "PRM601"
    )
    assert verdict.verdict == "clear"
    assert transfer_of(verdict, "extra") == {
        "parameter": "extra",
        "role": "schedule",
        "likelihood": "unlikely",
        "claim": "P-27d",
        "treatment": "swept",
        "values": [0.5, 0.3],
    }


def test_clear_when_the_point_s_own_schedule_replaces_the_number() -> None:
    by_name = ScheduleDefinition("wsd", "learning_rate", decay_fraction="extra")
    study = with_parameter(b.Role.SCHEDULE, by_name)
    (best,) = best_of(study, 1)
    own = ScheduleDefinition("wsd", decay_steps=500)
    verdict = verdict_on(study, proposed(study, 8000, [same(best, own)]), "PRM601")
    assert transfer_of(verdict, "extra")["treatment"] == "re-derived"
    assert verdict.verdict == "clear"
    by_name_again = verdict_on(study, proposed(study, 8000, [same(best)]), "PRM601")
    assert by_name_again.verdict == "finding"


def test_finding_when_a_rate_tuned_under_a_decay_meets_a_plateau_alone() -> None:
    study = tuned(schedule=LINEAR)
    verdict = verdict_on(study, proposed(study, 8000, schedule=HELD), "PRM601")
    (best,) = best_of(study, 1)
    assert verdict.verdict == "finding"
    assert verdict.trial_ids == (best.trial_id,)
    assert "learning rate, tuned under a decay" in verdict.message


def test_clear_when_the_decay_fills_the_horizon_again_or_a_plateau_was_there_before() -> None:
    stretched = tuned(schedule=LINEAR)
    assert verdict_on(stretched, proposed(stretched, 8000), "PRM601").verdict == "clear"
    plateau = tuned(schedule=WSD)
    assert verdict_on(plateau, proposed(plateau, 8000), "PRM601").verdict == "clear"


@pytest.mark.parametrize(("factor", "kind"), [(0.5, "clear"), (0.51, "finding")])
def test_threshold_is_a_run_at_half_of_the_rate(factor: float, kind: str) -> None:
    study = tuned(schedule=LINEAR)
    (best,) = best_of(study, 1)
    lower = variant(best, learning_rate=float(best.params["learning_rate"]) * factor)
    proposal = proposed(study, 8000, [same(best), lower], schedule=HELD)
    assert verdict_on(study, proposal, "PRM601").verdict == kind


def test_finding_is_about_the_best_winner_in_whatever_order_the_points_stand() -> None:
    study = tuned(schedule=LINEAR)
    best, second = best_of(study, 2)
    lower = variant(second, learning_rate=float(second.params["learning_rate"]) / 4)
    verdict = verdict_on(
        study, proposed(study, 8000, [lower, same(second), same(best)], schedule=HELD), "PRM601"
    )
    assert verdict.trial_ids == (best.trial_id,)


def test_inconclusive_when_nothing_trains_longer() -> None:
    study = with_parameter(b.Role.SCHEDULE)
    assert verdict_on(study, proposed(study, 1000), "PRM601").missing == ("longer horizon",)


def test_inconclusive_when_nobody_is_promoted() -> None:
    study = tuned()
    fresh = b.round_definition(study.definition, purpose=Purpose.FINAL, max_train_steps=8000)
    assert verdict_on(study, fresh, "PRM601").missing == ("winners",)
