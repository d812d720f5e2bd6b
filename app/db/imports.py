"""Imported trials: stored as ended, their curves under one attempt that nobody ran here."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, update

from app.db import chunks, service_state
from app.db.chunks import Chunk
from app.db.identifiers import new_id
from app.db.round_counters import count_move
from app.db.tables import attempts, trials
from app.db.trial_rows import best_columns, lineage_column
from app.db.trials import Place, insert_many
from app.domain.curves import Segment
from app.domain.ids import AttemptId, TrialId
from app.domain.imports import Ending
from app.domain.states import AttemptState, TrialState
from app.domain.trials import NewTrial

WORKER = "import"


@dataclass(frozen=True, slots=True)
class Imported:
    """A trial of somebody else's under its owner's id."""

    caller_id: str
    trial: NewTrial
    ending: Ending
    curves: tuple[Chunk, ...]


def store(connection: Connection, place: Place, found: Sequence[Imported]) -> list[TrialId]:
    """Store trials whose points the round does not have yet; the study's row is held."""
    ids = insert_many(connection, place, [one.trial for one in found])
    made = [AttemptId(new_id("attempt")) for _ in ids]
    now = service_state.clock(connection)
    rows = [
        _attempt(place, trial_id, attempt_id, one, now)
        for trial_id, attempt_id, one in zip(ids, made, found, strict=True)
    ]
    if rows:
        connection.execute(insert(attempts), rows)
    for attempt_id, one in zip(made, found, strict=True):
        chunks.write(connection, attempt_id, one.curves)
    _end(connection, place, [_ended(*each) for each in zip(ids, made, found, strict=True)])
    return ids


def _end(connection: Connection, place: Place, rows: list[dict[str, object]]) -> None:
    if not rows:
        return
    columns: dict[str, object] = {name: bindparam(name) for name in rows[0] if name != "of_trial"}
    statement = update(trials).where(trials.c.id == bindparam("of_trial")).values(columns)
    connection.execute(statement, rows)
    changes = {TrialState.WAITING: -len(rows)}
    states = Counter(TrialState(str(row["state"])) for row in rows)
    count_move(connection, place.study_id, place.round, {**changes, **states})


def _ended(trial_id: TrialId, attempt_id: AttemptId, one: Imported) -> dict[str, object]:
    return {
        "of_trial": trial_id,
        "state": one.ending.state,
        "reason": one.ending.reason,
        "censored": one.ending.censored,
        "caller_id": one.caller_id,
        "attempt_id": attempt_id,
        "attempts": 1,
        "lineage": lineage_column((Segment(attempt_id, 0),)),
        **best_columns(one.ending.best),
    }


def _attempt(
    place: Place, trial_id: TrialId, attempt_id: AttemptId, one: Imported, now: float
) -> dict[str, object]:
    is_failed = one.ending.state is TrialState.FAILED
    return {
        "id": attempt_id,
        "trial_id": trial_id,
        "study_id": place.study_id,
        "number": 1,
        "state": AttemptState.FAILED if is_failed else AttemptState.SUCCEEDED,
        "worker": WORKER,
        "boot_id": WORKER,
        "slot": WORKER,
        "request_id": attempt_id,
        "start_step": 0,
        "last_step": one.ending.best.last_step,
        "reported": {},
        "started_at": now,
        "ended_at": now,
        "lease_expires_at": now,
        "reason": one.ending.reason,
    }
