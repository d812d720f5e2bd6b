"""The end of an attempt: decided once, booked, and the round handed to review with its last."""

from dataclasses import replace

from app.db import attempts, budget, checkpoints, trials
from app.db.attempts import Held
from app.db.budget import Result
from app.db.database import Connection
from app.db.outbox import add_wake_up
from app.domain.budget import settle
from app.domain.ids import AttemptId
from app.domain.reports import Finish
from app.domain.retries import End, conclude
from app.domain.states import (
    LIVE_ATTEMPTS,
    AttemptState,
    EndReason,
    Outcome,
    TrialState,
)
from app.domain.studies import Direction, Job
from app.domain.trials import Trial
from app.services import waiting
from app.services.context import Context
from app.services.fence import hold_known, refuse_unless_live
from app.services.heartbeats import news_columns
from app.services.opening import enter_review_if_over
from app.services.server_key import server_key
from app.services.taking import job_of
from app.services.trials import TrialView, view_of

DEFAULT_ATTEMPTS = 3  # of an external job, which states none


def finish(context: Context, attempt_id: AttemptId, token: str, said: Finish) -> TrialView:
    """End the attempt; said again, the same answer. Raises StaleAttempt once a successor came."""
    key = server_key(context)
    with context.database.writing() as connection:
        held = hold_known(connection, key, attempt_id, token)
        if held.attempt.state in LIVE_ATTEMPTS:
            trial = _end(connection, held, said)
        elif held.attempt.state is AttemptState.LOST:
            refuse_unless_live(held.attempt)
        else:
            trial = held.trial
        view = view_of(connection, context.settings, trial)
    context.bell.ring()
    return view


def _end(connection: Connection, held: Held, said: Finish) -> Trial:
    trial = held.trial
    job = job_of(held.definition["job"])
    most = job.max_attempts if isinstance(job, Job) else DEFAULT_ATTEMPTS
    is_preempted = said.outcome is Outcome.PREEMPTED  # the one end for which it matters
    before = attempts.interrupted_before(connection, trial.id) if is_preempted else 0
    end = conclude(said, trial, most, before)
    done = min(max(said.last_step, held.attempt.last_step), trial.max_train_steps)
    attempt = replace(held.attempt, last_step=done)
    news = news_columns(held.attempt, said)
    attempts.end(
        connection,
        attempt,
        end.attempt,
        end.reason,
        last_step=done,
        exit_code=said.exit_code,
        **news,
    )
    settled = settle(attempt, end.attempt, trial.gpus, held.now, 0)
    budget.book(connection, trial.study_id, settled, _result(held, end))
    return _move_trial(connection, held, end, done)


def _move_trial(connection: Connection, held: Held, end: End, done: int) -> Trial:
    trial = held.trial
    moved = replace(
        trial,
        state=end.trial,
        reason=end.reason,
        failures=trial.failures + end.is_failure,
        not_before=held.now + end.delay_seconds if end.delay_seconds else 0.0,
        censored=end.trial is TrialState.COMPLETED and done < trial.max_train_steps,
        best=replace(trial.best, last_step=max(done, trial.best.last_step)),
        claimable_at=None,
    )
    counts = trials.change_state(
        connection,
        trial,
        end.trial,
        end.reason,
        failures=moved.failures,
        not_before=moved.not_before,
        censored=moved.censored,
        last_step=moved.best.last_step,
    )
    if end.trial is TrialState.WAITING:
        add_wake_up(connection, trial.gpus)
    if end.reason is EndReason.CHECKPOINT_MISSING and held.attempt.resume:
        place = held.attempt.resume.checkpoint
        checkpoints.forget(connection, place.store, place.key)
    if counts.is_over:
        enter_review_if_over(connection, trial.study_id, trial.round)
        waiting.refresh(connection, trial.study_id)
    return moved


def _result(held: Held, end: End) -> Result | None:
    objective = held.definition["objective"]
    direction = Direction(objective["direction"])
    if end.trial is TrialState.COMPLETED:
        return Result(held.trial.id, held.trial.best.value, direction)
    if end.trial is TrialState.DIVERGED:
        return Result(held.trial.id, None, direction)
    return None
