"""SCH703: the schedule at a resume differs from the checkpoint's."""

from app.domain.recommendations import JudgedVerdict
from app.policy.catalogue import rule_named
from app.policy.engine import admit_start, is_enforced_finding
from app.policy.starts import StartFacts
from paceline.schedules import Schedule

WSD = Schedule("wsd", 0.1, decay_steps=200)


def resumed(
    step: int, before: Schedule | None = WSD, after: Schedule | None = WSD
) -> JudgedVerdict:
    (verdict,) = admit_start(StartFacts(step, before, 1000, after, 4000, "trial-1"))
    return verdict


def test_clear_before_the_shorter_run_began_to_decay() -> None:
    verdict = resumed(800)
    assert (verdict.verdict, verdict.trial_ids) == ("clear", ("trial-1",))


def test_finding_inside_the_decay_is_enforced_and_cannot_be_waived() -> None:
    verdict = resumed(1000)
    assert is_enforced_finding(verdict)
    assert verdict.evidence == {"resume_step": 1000, "schedules_agree_until": 801}
    assert "Resume at step 801 or before" in verdict.action
    assert not rule_named("SCH703").is_waivable


def test_finding_when_the_peaks_differ_from_the_first_step_on() -> None:
    verdict = resumed(500, after=Schedule("wsd", 0.05, decay_steps=200))
    assert (verdict.verdict, verdict.action) == ("finding", "Train from step 0.")


def test_inconclusive_without_a_formula_or_without_a_resume() -> None:
    assert resumed(800, before=None).missing == ("schedule",)
    assert resumed(0).missing == ("resume",)


def test_threshold_is_the_last_step_at_which_the_rates_agree() -> None:
    assert resumed(801).verdict == "clear"
    assert resumed(802).verdict == "finding"
