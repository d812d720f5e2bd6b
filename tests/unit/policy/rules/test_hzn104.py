"""HZN104: trials stopped short of the horizon."""

from dataclasses import replace

import numpy as np
import pytest

from app.domain.states import TrialState
from app.policy.prepare import prepare
from tests.unit.policy import builders as b


def with_censored(count: int, **changes: object) -> b.StudyFacts:
    study = b.definition(**changes)
    trials = b.sweep(study, b.valley(0.01), b.rates(count=10))
    cut = [replace(t, censored=i < count) for i, t in enumerate(trials)]
    return b.study_facts(study, b.round_facts(study, cut))


def test_clear_when_all_ran_to_the_end() -> None:
    assert b.verdict_of(with_censored(0), "HZN104").verdict == "clear"


def test_finding_counts_them_and_keeps_them_out() -> None:
    verdict = b.verdict_of(with_censored(3), "HZN104")
    assert verdict.verdict == "finding"
    assert verdict.evidence["share"] == pytest.approx(0.3)
    assert len(prepare(with_censored(3), 1).configurations) == 7


def test_finding_flags_a_trial_that_failed_after_its_best_checkpoint() -> None:
    study = b.definition()
    *fine, last = b.sweep(study, b.valley(0.01))
    failed = replace(last, state=TrialState.FAILED)
    silent = replace(failed, trial_id="silent", objective=np.full(last.objective.size, np.nan))
    facts = b.study_facts(study, b.round_facts(study, [*fine, failed, silent]))
    verdict = b.verdict_of(facts, "HZN104")
    assert (verdict.verdict, verdict.trial_ids) == ("finding", (failed.trial_id,))
    assert (verdict.evidence["failed"], verdict.evidence["censored"]) == (1, 0)


def test_clear_for_diverged_trials_which_are_results() -> None:
    study = b.definition()
    trials = (*b.sweep(study, b.valley(0.01)), replace(b.exploded(study, 0.7), censored=True))
    facts = b.study_facts(study, b.round_facts(study, trials))
    assert b.verdict_of(facts, "HZN104").verdict == "clear"


def test_inconclusive_without_ended_trials() -> None:
    study = b.definition()
    assert b.verdict_of(b.study_facts(study, b.round_facts(study, ())), "HZN104").missing == (
        "trials",
    )


def test_threshold_of_the_study_is_a_share_that_is_still_allowed() -> None:
    settings = {"HZN104.max_share": 0.2}
    assert b.verdict_of(with_censored(2, settings=settings), "HZN104").verdict == "clear"
    assert b.verdict_of(with_censored(3, settings=settings), "HZN104").verdict == "finding"
