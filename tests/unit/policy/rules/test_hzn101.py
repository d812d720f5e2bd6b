"""HZN101: a trial's horizon differs from its round's."""

from app.policy.admission import ImportedTrial
from app.policy.engine import admit_round, assess, is_enforced_finding
from app.policy.facts import Waiver
from app.policy.prepare import prepare
from tests.unit.policy import builders as b


def mixed(horizon: int) -> b.StudyFacts:
    study = b.definition()
    odd = b.rate_trial(study, 0.5, b.falling(0.1), max_train_steps=horizon)
    trials = (*b.sweep(study, b.valley(0.01)), odd)
    return b.study_facts(study, b.round_facts(study, trials))


def test_clear_when_every_trial_trains_for_the_rounds_steps() -> None:
    assert b.verdict_of(b.tune_study(b.valley(0.01)), "HZN101").verdict == "clear"


def test_finding_names_the_trial_and_leaves_it_out() -> None:
    study = mixed(b.HORIZON * 2)
    verdict = b.verdict_of(study, "HZN101")
    assert is_enforced_finding(verdict)
    assert len(verdict.trial_ids) == 1
    assert verdict.trial_ids[0] not in {t.trial_id for t in prepare(study, 1).trials}


def test_finding_refuses_an_import() -> None:
    study = b.tune_study(b.valley(0.01))
    imported = [ImportedTrial("mine", 999)]
    verdicts = admit_round(study, study.rounds[0].definition, imported)
    assert [v.trial_ids for v in verdicts if is_enforced_finding(v)] == [("mine",)]


def test_finding_cannot_be_waived() -> None:
    study = mixed(b.HORIZON * 2)
    waived = b.study_facts(
        study.definition, *study.rounds, waivers=(Waiver("HZN101", None, "please"),)
    )
    assert [is_enforced_finding(v) for v in assess(waived, 1).verdicts if v.code == "HZN101"] == [
        True
    ]


def test_inconclusive_without_trials() -> None:
    study = b.definition()
    verdict = b.verdict_of(b.study_facts(study, b.round_facts(study, ())), "HZN101")
    assert (verdict.verdict, verdict.missing) == ("inconclusive", ("trials",))


def test_threshold_one_step_is_another_horizon() -> None:
    assert b.verdict_of(mixed(b.HORIZON), "HZN101").verdict == "clear"
    assert b.verdict_of(mixed(b.HORIZON + 1), "HZN101").verdict == "finding"
