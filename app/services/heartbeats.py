"""The heartbeat: extends the lease, brings what is new, and is told to go on, stop or cancel."""

from dataclasses import dataclass
from typing import Any  # Any: columns

from app import wire
from app.db import attempts, workers
from app.domain.gpus import follow_use
from app.domain.ids import AttemptId
from app.domain.leases import Command, command_for
from app.domain.reports import Finish, Heartbeat
from app.domain.states import AttemptState
from app.domain.trials import Attempt
from app.services.context import Context
from app.services.fence import hold_known, refuse_unless_live
from app.services.server_key import server_key

LOG_CHARACTERS = 16 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What the supervisor is told."""

    command: Command
    lease_seconds: float


def heartbeat(context: Context, attempt_id: AttemptId, token: str, said: Heartbeat) -> Answer:
    """Extend the lease. Raises StaleAttempt where a successor or an end took the trial away."""
    key, lease_seconds = server_key(context), context.settings.lease_seconds
    with context.database.writing() as connection:
        held = hold_known(connection, key, attempt_id, token)
        attempt = held.attempt
        if attempt.state is AttemptState.CANCELLED:
            return Answer(Command.CANCEL, lease_seconds)
        refuse_unless_live(attempt)
        columns = {
            "last_step": max(attempt.last_step, min(said.last_step, held.trial.max_train_steps)),
            **news_columns(attempt, said),
        }
        attempts.hear(connection, held, lease_seconds, **columns)
        if held.worker_state is not None:
            workers.see(connection, attempt.worker)
        command = command_for(
            attempt.state, held.study_state, held.worker_state, is_stopped=held.is_stopped
        )
    return Answer(command, lease_seconds)


def news_columns(attempt: Attempt, said: Heartbeat | Finish) -> dict[str, Any]:  # Any: columns
    """The columns of what came along, absent where nothing did."""
    columns: dict[str, Any] = {}
    if said.code is not None:
        columns["code"] = wire.to_wire(said.code)
    if said.logs is not None:
        columns["stdout_tail"] = said.logs.stdout[-LOG_CHARACTERS:]
        columns["stderr_tail"] = said.logs.stderr[-LOG_CHARACTERS:]
    if said.gpu:
        columns["gpu"] = [wire.to_wire(use) for use in follow_use(attempt.gpus, said.gpu)]
    return columns
