"""What an attempt's end means for its trial: a pure decision with its reason."""

from dataclasses import dataclass

from app.domain.reports import Finish
from app.domain.states import AttemptState, EndReason, Outcome, TrialState
from app.domain.trials import Trial

FIRST_DELAY_SECONDS = 2.0  # with a claim's polling it stays within the contract's five
LONGEST_DELAY_SECONDS = 300.0
FREE_INTERRUPTIONS = 3  # losses and pre-emptions of one trial that cost it no waiting


@dataclass(frozen=True, slots=True)
class End:
    """Where attempt and trial go, and why; `delay_seconds`: no retry earlier."""

    attempt: AttemptState
    trial: TrialState
    reason: EndReason
    is_failure: bool = False
    delay_seconds: float = 0.0


def conclude(finish: Finish, trial: Trial, max_attempts: int, interrupted_before: int = 0) -> End:
    """The first that applies. Losses and pre-emptions never count as failures; they are counted for
    themselves, for a retry by a person forgets the failures alone."""
    if trial.best.first_nonfinite_step is not None or finish.outcome is Outcome.DIVERGED:
        return End(AttemptState.SUCCEEDED, TrialState.DIVERGED, EndReason.DIVERGED)
    if finish.outcome is Outcome.COMPLETED:
        return _completed(trial)
    if finish.outcome is Outcome.FAILED:
        return _failed(trial, finish.reason or EndReason.CRASHED, max_attempts)
    if finish.outcome is Outcome.CANCELLED:
        return End(AttemptState.CANCELLED, TrialState.CANCELLED, EndReason.CANCELLED)
    reason = finish.reason or EndReason.PREEMPTED
    delay = interrupted_delay_seconds(interrupted_before + 1)
    return End(AttemptState.PREEMPTED, TrialState.WAITING, reason, delay_seconds=delay)


def _completed(trial: Trial) -> End:
    if trial.best.value is None:
        # It ran to its end and said nothing: running it again would say nothing, too.
        reason = EndReason.NO_MEASUREMENT
        return End(AttemptState.FAILED, TrialState.FAILED, reason, is_failure=True)
    return End(AttemptState.SUCCEEDED, TrialState.COMPLETED, EndReason.COMPLETED)


def _failed(trial: Trial, reason: EndReason, max_attempts: int) -> End:
    if trial.failures + 1 >= max_attempts:
        return End(AttemptState.FAILED, TrialState.FAILED, reason, is_failure=True)
    delay = back_off_seconds(trial.failures)
    return End(AttemptState.FAILED, TrialState.WAITING, reason, True, delay)


def interrupted_delay_seconds(interruptions: int) -> float:
    """How long a trial waits that was lost or pre-empted so often. Now and then a node goes; again
    and again, the trial itself may fill its disk, and the slot is better used for others."""
    beyond = interruptions - FREE_INTERRUPTIONS
    return back_off_seconds(beyond - 1) if beyond > 0 else 0.0


def back_off_seconds(failures_before: int) -> float:
    """How long the next try waits: doubling, up to five minutes."""
    return min(FIRST_DELAY_SECONDS * 2.0 ** min(failures_before, 16), LONGEST_DELAY_SECONDS)
