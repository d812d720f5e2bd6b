"""SCH704: the decay is a small share of the new horizon, or most of it lies far below the peak."""

from app.domain.schedules import ScheduleDefinition
from app.policy.engine import is_enforced_finding
from paceline.schedules import Schedule
from tests.unit.policy.promoting import extended, proposed, tuned, verdict_on


def of(schedule: Schedule, to_steps: int) -> tuple[str, float]:
    """The verdict and the share, rounded."""
    verdict = extended(schedule, schedule, 1000, to_steps, "SCH704")
    return verdict.verdict, round(verdict.evidence["share"], 9)


def test_clear_when_the_decay_is_a_fifth_or_there_is_none() -> None:
    assert of(Schedule("wsd", 0.1, decay_fraction=0.2), 4000) == ("clear", 0.2)
    assert of(Schedule("constant", 0.1), 4000) == ("clear", 0.0)


def test_finding_of_a_kept_decay_is_information_only() -> None:
    study = tuned(schedule=ScheduleDefinition("wsd", "learning_rate", decay_steps=200))
    verdict = verdict_on(study, proposed(study, 4000), "SCH704")
    assert (verdict.verdict, verdict.severity) == ("finding", "info")
    assert not is_enforced_finding(verdict)
    assert "5.0% of 4000 steps" in verdict.message


def test_finding_when_an_inverse_sqrt_is_mostly_far_below_its_peak() -> None:
    schedule = Schedule("inverse_sqrt", 0.1, warmup_steps=100)
    assert of(schedule, 10_000) == ("finding", 0.84)
    assert of(schedule, 2000) == ("clear", 0.2)


def test_inconclusive_when_nothing_trains_longer() -> None:
    study = tuned()
    assert verdict_on(study, proposed(study, 1000), "SCH704").missing == ("longer horizon",)


def test_threshold_is_a_tenth_of_the_horizon() -> None:
    wsd = Schedule("wsd", 0.1, decay_steps=200)
    assert of(wsd, 2000)[0] == "clear"
    assert of(wsd, 2001)[0] == "finding"


def test_threshold_of_an_inverse_sqrt_is_half_of_the_horizon() -> None:
    schedule = Schedule("inverse_sqrt", 0.1, warmup_steps=100)
    assert of(schedule, 3200) == ("clear", 0.5)
    assert of(schedule, 3201)[0] == "finding"
