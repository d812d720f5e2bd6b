"""How an attempt ends without its worker: lost (its steps beyond the last checkpoint are nobody's,
the rest is spent) or cancelled by a person."""

from app.db import attempts, budget, checkpoints, service_state, trials
from app.db.attempts import Held
from app.db.database import Connection
from app.db.outbox import add_wake_up
from app.domain.budget import settle
from app.domain.states import AttemptState, EndReason, TrialState
from app.domain.trials import Attempt, Trial


def lose_to_successor(connection: Connection, trial: Trial) -> bool:
    """End the lapsed attempt that holds a locked trial; False if its worker is writing just now."""
    if trial.attempt_id is None:
        return True
    attempt = attempts.hold_unless_busy(connection, trial.attempt_id)
    if attempt is None:
        return False
    end_lost(connection, attempt, trial)
    return True


def lose_and_release(connection: Connection, held: Held) -> None:
    """End a held attempt as lost and let its trial wait for the next one."""
    end_lost(connection, held.attempt, held.trial)
    trials.change_state(connection, held.trial, TrialState.WAITING)
    add_wake_up(connection, held.trial.gpus)


def cancel_held(connection: Connection, held: Held) -> None:
    """End a held attempt and its trial because a person says so; what it did is spent."""
    attempts.end(connection, held.attempt, AttemptState.CANCELLED, EndReason.CANCELLED)
    settled = settle(held.attempt, AttemptState.CANCELLED, held.trial.gpus, held.now, 0)
    budget.book(connection, held.trial.study_id, settled)
    trials.change_state(connection, held.trial, TrialState.CANCELLED, EndReason.CANCELLED)


def end_lost(connection: Connection, attempt: Attempt, trial: Trial) -> None:
    """End a held attempt as lost and settle it; what becomes of the trial is the caller's."""
    attempts.end(connection, attempt, AttemptState.LOST, EndReason.LOST)
    kept = checkpoints.last_step_of(connection, attempt.id)
    now = service_state.clock(connection)
    settled = settle(attempt, AttemptState.LOST, trial.gpus, now, kept)
    budget.book(connection, attempt.study_id, settled)
