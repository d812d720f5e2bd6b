"""What an end means for the trial: the first rule that applies."""

from dataclasses import replace

import pytest

from app.domain.curves import Best
from app.domain.reports import Finish
from app.domain.retries import LONGEST_DELAY_SECONDS, conclude
from app.domain.states import AttemptState, EndReason, Outcome, TrialState
from tests.support.trials import RUNNING

TRIAL = replace(RUNNING, best=Best(step=10, value=0.5, last_step=100))


@pytest.mark.parametrize("outcome", Outcome)
def test_a_non_finite_value_diverges_whatever_was_said(outcome: Outcome) -> None:
    trial = replace(TRIAL, best=Best(10, 0.5, 20, first_nonfinite_step=20))
    end = conclude(Finish(outcome), trial, 3)
    assert (end.trial, end.reason) == (TrialState.DIVERGED, EndReason.DIVERGED)


def test_a_value_makes_an_end_complete_and_none_a_final_failure() -> None:
    assert conclude(Finish(Outcome.COMPLETED), TRIAL, 3).trial is TrialState.COMPLETED
    end = conclude(Finish(Outcome.COMPLETED), replace(TRIAL, best=Best()), 3)
    assert (end.trial, end.reason) == (TrialState.FAILED, EndReason.NO_MEASUREMENT)


def test_failures_are_retried_ever_later_until_the_attempts_are_used_up() -> None:
    finish = Finish(Outcome.FAILED, reason=EndReason.TIMED_OUT)
    ends = [conclude(finish, replace(TRIAL, failures=n), 20) for n in range(20)]
    assert [end.trial for end in ends] == [TrialState.WAITING] * 19 + [TrialState.FAILED]
    delays = [end.delay_seconds for end in ends[:19]]
    assert delays[:3] == [2.0, 4.0, 8.0]
    assert delays[-1] == LONGEST_DELAY_SECONDS
    assert {end.reason for end in ends} == {EndReason.TIMED_OUT}


def test_a_pre_emption_costs_nothing_and_waits_for_nothing() -> None:
    end = conclude(Finish(Outcome.PREEMPTED), replace(TRIAL, failures=2, attempt_count=5), 3, 2)
    assert (end.attempt, end.trial) == (AttemptState.PREEMPTED, TrialState.WAITING)
    assert (end.is_failure, end.delay_seconds) == (False, 0.0)


def test_a_trial_that_is_interrupted_again_and_again_lets_others_go_first() -> None:
    finish = Finish(Outcome.PREEMPTED)
    ends = [conclude(finish, TRIAL, 3, before) for before in range(15)]
    assert not any(end.is_failure for end in ends)
    delays = [end.delay_seconds for end in ends]
    assert delays[:6] == [0.0, 0.0, 0.0, 2.0, 4.0, 8.0]
    assert delays[-1] == LONGEST_DELAY_SECONDS
