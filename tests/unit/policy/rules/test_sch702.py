"""SCH702: a decay is stretched or kept where the playbook does otherwise."""

import pytest

from app.domain.schedules import ScheduleDefinition
from paceline.schedules import Schedule
from tests.unit.policy.promoting import best_of, extended, proposed, same, tuned, verdict_on

HOLDING = ("linear", "sqrt", "one_minus_sqrt", "polynomial")


def of(before: Schedule, after: Schedule) -> tuple[str, str]:
    verdict = extended(before, after, 1000, 3000, "SCH702")
    return verdict.verdict, verdict.action


@pytest.mark.parametrize("kind", HOLDING)
def test_clear_when_the_decay_keeps_its_steps(kind: str) -> None:
    assert of(Schedule(kind, 0.1), Schedule(kind, 0.1, decay_steps=1000))[0] == "clear"


@pytest.mark.parametrize("kind", HOLDING)
def test_finding_when_such_a_decay_is_stretched(kind: str) -> None:
    verdict, action = of(Schedule(kind, 0.1), Schedule(kind, 0.1))
    assert verdict == "finding"
    assert "Keep its 1000 steps" in action


def test_clear_when_a_cosine_fills_the_horizon_and_finding_when_it_does_not() -> None:
    cosine = Schedule("cosine", 0.1, warmup_steps=100)
    assert of(cosine, cosine)[0] == "clear"
    kept = Schedule("cosine", 0.1, warmup_steps=100, decay_steps=900)
    assert of(cosine, kept) == (
        "finding",
        "Let it fill the horizon, as the playbook does, or compare the two.",
    )


def test_clear_when_a_wsd_decays_longer() -> None:
    wsd = Schedule("wsd", 0.1, decay_fraction=0.2)
    assert of(wsd, wsd)[0] == "clear"


def test_finding_of_a_promotion_names_the_trials() -> None:
    study = tuned(schedule=ScheduleDefinition("linear", "learning_rate"))
    held = ScheduleDefinition("linear", "learning_rate", decay_steps=1000)
    first, second = best_of(study, 2)
    verdict = verdict_on(study, proposed(study, 3000, [same(first), same(second, held)]), "SCH702")
    assert verdict.trial_ids == (first.trial_id,)
    assert (verdict.evidence["decay_steps_before"], verdict.evidence["decay_steps_after"]) == (
        1000,
        3000,
    )


def test_inconclusive_when_the_family_changes() -> None:
    verdict = extended(Schedule("cosine", 0.1), Schedule("wsd", 0.1), 1000, 3000, "SCH702")
    assert verdict.missing == ("same family",)


def test_inconclusive_when_nothing_trains_longer() -> None:
    linear = Schedule("linear", 0.1)
    assert extended(linear, linear, 1000, 1000, "SCH702").missing == ("longer horizon",)


def test_threshold_is_the_decay_s_own_length() -> None:
    linear = Schedule("linear", 0.1)
    for steps, kind in ((1000, "clear"), (1001, "finding")):
        assert of(linear, Schedule("linear", 0.1, decay_steps=steps))[0] == kind
