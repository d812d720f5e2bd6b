"""SCH701: extra steps are spent at a tiny learning rate."""

import pytest

from app.domain.schedules import ScheduleDefinition
from app.domain.studies import Binding
from app.policy.engine import is_enforced_finding
from paceline.schedules import Schedule
from tests.unit.policy.promoting import extended, proposed, tuned, verdict_on

KEY = "added_steps_below_10_percent_of_peak"


def stairs(tiny_steps: int, horizon: int) -> Schedule:
    """A rate that is tiny for exactly so many steps at the end of the horizon."""
    return Schedule("step", 0.1, milestones=(horizon - tiny_steps,), factor=0.01)


def test_clear_when_the_peak_is_held_longer() -> None:
    linear = Schedule("linear", 0.1)
    held = Schedule("linear", 0.1, decay_steps=1000)
    verdict = extended(linear, held, 1000, 10_000, "SCH701")
    assert verdict.verdict == "clear"
    assert verdict.evidence[KEY] == pytest.approx(0.0)


def test_finding_of_a_stretched_exponential_is_enforced_and_says_the_number() -> None:
    schedule = Schedule("exponential", 0.1, final_fraction=0.001)
    verdict = extended(schedule, schedule, 1000, 10_000, "SCH701")
    assert is_enforced_finding(verdict)
    assert verdict.severity == "error"
    assert verdict.evidence[KEY] == pytest.approx(2 / 3, abs=0.01)
    assert "67% of the 9000 added steps" in verdict.message


def test_finding_of_a_promotion_names_the_trials_and_the_study_may_soften_it() -> None:
    exponential = ScheduleDefinition("exponential", "learning_rate", final_fraction=0.001)
    study = tuned(schedule=exponential)
    verdict = verdict_on(study, proposed(study, 10_000), "SCH701")
    assert is_enforced_finding(verdict)
    assert len(verdict.trial_ids) == 3
    soft = tuned(schedule=exponential, bindings={"SCH701": Binding.WARN})
    assert not is_enforced_finding(verdict_on(soft, proposed(soft, 10_000), "SCH701"))


def test_inconclusive_when_nothing_trains_longer() -> None:
    study = tuned()
    for steps in (1000, 500):
        verdict = verdict_on(study, proposed(study, steps), "SCH701")
        assert verdict.missing == ("longer horizon",)


def test_inconclusive_when_a_schedule_has_no_formula() -> None:
    study = tuned()
    custom = proposed(study, 2000, schedule=ScheduleDefinition("custom"))
    assert verdict_on(study, custom, "SCH701").missing == ("schedule",)


@pytest.mark.parametrize(
    ("tiny_steps", "kind", "binding"),
    [
        (250, "clear", Binding.WARN),
        (251, "finding", Binding.WARN),
        (500, "finding", Binding.WARN),
        (501, "finding", Binding.ENFORCE),
    ],
)
def test_threshold_is_a_quarter_to_warn_and_half_to_enforce(
    tiny_steps: int, kind: str, binding: Binding
) -> None:
    after = stairs(tiny_steps, 2000)
    verdict = extended(Schedule("constant", 0.1), after, 1000, 2000, "SCH701")
    assert (verdict.verdict, verdict.binding) == (kind, binding)


def test_threshold_may_be_set_by_the_study() -> None:
    exponential = ScheduleDefinition("exponential", "learning_rate", final_fraction=0.01)
    usual = tuned(schedule=exponential)
    strict = tuned(schedule=exponential, settings={"SCH701.enforce_share": 0.4})
    assert not is_enforced_finding(verdict_on(usual, proposed(usual, 10_000), "SCH701"))
    assert is_enforced_finding(verdict_on(strict, proposed(strict, 10_000), "SCH701"))
