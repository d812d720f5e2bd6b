"""CKP305: no checkpoint was kept at or near the best step."""

from dataclasses import replace

from app.domain.ids import TrialId
from app.domain.rounds import Resume
from tests.unit.policy import builders as b


def saved(*steps: int, **changes: object) -> b.JudgedVerdict:
    """The best step is 600, the evaluation interval 20 steps."""
    study = b.alike([b.arriving(30)], **changes)
    trials = tuple(replace(t, checkpoint_steps=steps) for t in study.rounds[0].trials)
    return b.verdict_of(replace(study, rounds=(replace(study.rounds[0], trials=trials),)), "CKP305")


def test_clear_with_the_best_and_the_last() -> None:
    assert saved(600, 1000).verdict == "clear"


def test_finding_without_any_checkpoint_of_an_own_job() -> None:
    assert saved().verdict == "finding"


def test_finding_with_only_the_last() -> None:
    verdict = saved(1000)
    assert verdict.verdict == "finding"
    assert verdict.statistic == 20


def test_inconclusive_when_others_ran_it_and_told_of_none() -> None:
    assert saved(job="external").missing == ("checkpoints",)


def test_inconclusive_without_trials() -> None:
    assert b.verdict_of(b.alike([]), "CKP305").missing == ("trials",)


def test_threshold_is_one_evaluation_interval() -> None:
    assert saved(620, 1000).verdict == "clear"
    assert saved(621, 1000).verdict == "finding"


def resumed_at(step: int) -> b.JudgedVerdict:
    """The best step is 600; the only checkpoint near it belongs to the trial that was resumed."""
    study = b.alike([b.arriving(30)])
    (one,) = study.rounds
    shorter = replace(one.definition, max_train_steps=700)
    (trial,) = one.trials
    origin = replace(trial, trial_id="origin", round=0, checkpoint_steps=(600, 700))
    own = replace(trial, checkpoint_steps=(1000,), resume=Resume(TrialId("origin"), step))
    earlier = replace(one, number=0, trials=(origin,), definition=shorter)
    return b.verdict_of(
        replace(study, rounds=(earlier, replace(one, trials=(own,)))), "CKP305", one.number
    )


def test_clear_when_the_best_step_was_saved_by_the_trial_that_was_resumed() -> None:
    assert resumed_at(700).verdict == "clear"


def test_finding_when_the_resumed_trial_saved_it_only_after_the_resume() -> None:
    assert resumed_at(500).verdict == "finding"
