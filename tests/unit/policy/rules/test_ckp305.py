"""CKP305: no checkpoint was kept at or near the best step."""

from dataclasses import replace

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
