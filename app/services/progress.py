"""What an attempt reports on its way: measurements and checkpoints, each behind the fence."""

from dataclasses import astuple, dataclass

from app.db import attempts, checkpoints, chunks, trials
from app.db.attempts import Held
from app.db.database import Connection
from app.db.merging import Merged, columns_of, merge
from app.db.trial_rows import best_columns
from app.domain.curves import Batch, Best, follow, steps_beyond
from app.domain.errors import HorizonExceeded, InvalidInput
from app.domain.ids import AttemptId
from app.domain.pace import heard
from app.domain.reports import CheckpointReport
from app.domain.retention import superfluous
from app.domain.studies import Direction
from app.domain.trials import Checkpoint, Trial
from app.services.context import Context
from app.services.fence import hold_current
from app.services.server_key import server_key


@dataclass(frozen=True, slots=True)
class Accepted:
    """How many steps of a batch were new, how many were known."""

    accepted: int
    repeated: int
    last_step: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint that is stored, and the keys that the worker deletes from the same store."""

    checkpoint: Checkpoint
    drop: tuple[str, ...]


def report_measurements(
    context: Context, attempt_id: AttemptId, token: str, batch: Batch
) -> Accepted:
    """Store a batch, once. Raises StaleAttempt, HorizonExceeded or ConflictingMeasurement; then
    nothing of it is kept."""
    key = server_key(context)
    with context.database.writing() as connection:
        held = hold_current(connection, key, attempt_id, token)
        _refuse_beyond(held.trial, batch)
        merged = _merge(connection, held, batch)
        chunks.write(connection, attempt_id, merged.write, merged.gone)
        last_step = max(held.attempt.last_step, *batch.steps[-1:], 0)
        _hear(context, connection, held, batch)
    repeated = len(batch.steps) - len(merged.new_steps)
    return Accepted(len(merged.new_steps), repeated, last_step)


def report_checkpoint(
    context: Context, attempt_id: AttemptId, token: str, report: CheckpointReport
) -> Kept:
    """Keep a checkpoint with the objective's value at its step, and say which may be deleted now.
    Raises StaleAttempt or InvalidInput."""
    key = server_key(context)
    with context.database.writing() as connection:
        held = hold_current(connection, key, attempt_id, token)
        if not held.attempt.start_step <= report.step <= held.trial.max_train_steps:
            raise InvalidInput(
                f"a checkpoint at step {report.step} lies outside of this attempt, which trains "
                f"from step {held.attempt.start_step} to {held.trial.max_train_steps}"
            )
        checkpoint = Checkpoint(
            attempt_id=attempt_id,
            trial_id=held.trial.id,
            step=report.step,
            value=_value_at(connection, held, report.step),
            store=report.store,
            key=report.key,
            bytes=report.bytes,
            sha256=report.sha256,
        )
        told_at = checkpoints.store(connection, checkpoint)
        gone = _retire(connection, held, report.store)
        if told_at < held.now:  # said before: the answer was lost, and with it what may be deleted
            gone = checkpoints.forgotten_of_trial(connection, held.trial.id, report.store)
        attempts.hear(connection, held)
    return Kept(checkpoint, tuple(one.key for one in gone))


def _retire(connection: Connection, held: Held, store: str) -> list[Checkpoint]:
    """Forget what is neither best, last nor wanted by a longer run."""
    saved = checkpoints.kept_of_trial(connection, held.trial.id, store)
    direction = Direction(held.definition["objective"].get("direction", Direction.MINIMIZE))
    gone = superfluous(saved, held.trial, direction)
    checkpoints.forget_many(connection, gone)
    return gone


def _refuse_beyond(trial: Trial, batch: Batch) -> None:
    first = steps_beyond(batch.steps, trial.max_train_steps)
    if first is not None:
        raise HorizonExceeded(
            f"step {first} lies beyond max_train_steps = {trial.max_train_steps} of this round; "
            "nothing of the batch was kept",
            first_refused_step=first,
            hint="send the steps before it again, and stop the training at the horizon",
        )


def _merge(connection: Connection, held: Held, batch: Batch) -> Merged:
    columns = columns_of(batch)
    known = {name: last for name, last in held.attempt.reported.items() if name in columns}
    stored = []
    if known:
        from_step = min(*batch.steps[:1], *known.values())
        stored = chunks.reaching(connection, held.attempt.id, known, from_step)
    return merge(columns, stored)


def _hear(context: Context, connection: Connection, held: Held, batch: Batch) -> None:
    """Attempt and trial after the batch: the lease, what was reported, the best that counts."""
    attempt, trial = held.attempt, held.trial
    reported = dict(attempt.reported)
    for metric, (steps, _) in columns_of(batch).items():
        reported[metric] = max(reported.get(metric, 0), int(steps[-1]))
    best = _follow(held, batch)
    if best != trial.best:
        trials.write(connection, trial.id, claimable_at=None, **best_columns(best))
    attempts.hear(
        connection,
        held,
        context.settings.lease_seconds,
        reported=reported,
        pace=_pace(held, batch),
        last_step=max(attempt.last_step, *batch.steps[-1:], 0),
    )


def _pace(held: Held, batch: Batch) -> tuple[float, ...] | None:
    """The column after the batch."""
    before = held.attempt.pace
    now = heard(before, batch.steps[-1], held.now) if batch.steps else before
    return astuple(now) if now else None


def _follow(held: Held, batch: Batch) -> Best:
    """The best after the steps of the batch that lie on the attempt's part of the lineage."""
    first = held.trial.lineage[-1].from_step
    start = next((i for i, step in enumerate(batch.steps) if step >= first), len(batch.steps))
    counted = Batch(
        batch.steps[start:], {name: values[start:] for name, values in batch.metrics.items()}
    )
    objective = held.definition["objective"]
    return follow(held.trial.best, counted, objective["metric"], Direction(objective["direction"]))


def _value_at(connection: Connection, held: Held, step: int) -> float | None:
    if step == held.trial.best.step:
        return held.trial.best.value
    metric = held.definition["objective"]["metric"]
    return chunks.value_at(connection, held.attempt.id, metric, step)
