"""Measurements as stored: per attempt and metric, chunks of packed steps (int64) and values
(float64), little-endian."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any  # Any: a row of SQLAlchemy

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Executable, Row, bindparam, delete, select, tuple_

from app.db.tables import measurement_chunks as chunks
from app.db.upserts import upsert_of
from app.domain.ids import AttemptId

Steps = NDArray[np.int64]
Values = NDArray[np.float64]
Curve = tuple[Steps, Values]

EMPTY: Curve = (np.empty(0, np.int64), np.empty(0, np.float64))
_IDS_A_STATEMENT = 500


@dataclass(frozen=True, slots=True)
class Chunk:
    """Points of one metric of one attempt, steps ascending, at least one."""

    metric: str
    steps: Steps
    values: Values

    @property
    def first_step(self) -> int:
        return int(self.steps[0])

    @property
    def last_step(self) -> int:
        return int(self.steps[-1])

    @property
    def key(self) -> tuple[str, int]:
        return self.metric, self.first_step


Stored = Mapping[tuple[AttemptId, str], list[Chunk]]


def reaching(
    connection: Connection, attempt_id: AttemptId, metrics: Iterable[str], from_step: int
) -> list[Chunk]:
    """The chunks of some metrics of an attempt that end at `from_step` or later."""
    wanted = {"attempt": attempt_id, "names": tuple(metrics), "from_step": from_step}
    return [_chunk(row) for row in connection.execute(_REACHING, wanted)]


_REACHING = (
    select(chunks)
    .where(
        chunks.c.attempt_id == bindparam("attempt"),
        chunks.c.metric.in_(bindparam("names", expanding=True)),
        chunks.c.last_step >= bindparam("from_step"),
    )
    .order_by(chunks.c.metric, chunks.c.first_step)
)


def load(
    connection: Connection, attempts: Sequence[AttemptId], metrics: Sequence[str] | None
) -> Stored:
    """All chunks of many attempts (None: of every metric), each list in order of its steps."""
    stored: dict[tuple[AttemptId, str], list[Chunk]] = {}
    for start in range(0, len(attempts), _IDS_A_STATEMENT):
        batch = attempts[start : start + _IDS_A_STATEMENT]
        query = select(chunks).where(chunks.c.attempt_id.in_(batch))
        if metrics is not None:
            query = query.where(chunks.c.metric.in_(tuple(metrics)))
        ordered = query.order_by(chunks.c.attempt_id, chunks.c.metric, chunks.c.first_step)
        for row in connection.execute(ordered):
            stored.setdefault((row.attempt_id, row.metric), []).append(_chunk(row))
    return stored


def write(
    connection: Connection,
    attempt_id: AttemptId,
    new: Sequence[Chunk],
    gone: Sequence[tuple[str, int]] = (),
) -> None:
    """Store chunks, in place of those with the same key; `gone` are keys that vanish."""
    if gone:
        key = tuple_(chunks.c.metric, chunks.c.first_step)
        connection.execute(
            delete(chunks).where(chunks.c.attempt_id == attempt_id, key.in_(list(gone)))
        )
    if new:
        rows = [_row(attempt_id, chunk) for chunk in new]
        connection.execute(_store(connection.dialect.name), rows if rows[1:] else rows[0])


@cache
def _store(dialect: str) -> Executable:
    new = upsert_of(dialect, chunks)
    changed = ("last_step", "count", "steps", "values")
    return new.on_conflict_do_update(
        index_elements=["attempt_id", "metric", "first_step"],
        set_={name: new.excluded[name] for name in changed},
    )


def value_at(connection: Connection, attempt_id: AttemptId, metric: str, step: int) -> float | None:
    """The finite value of a metric at a step of an attempt, if it was measured."""
    for chunk in reaching(connection, attempt_id, [metric], step):
        found = chunk.values[chunk.steps == step]
        if found.size and np.isfinite(found[0]):
            return float(found[0])
    return None


def _chunk(row: Row[Any]) -> Chunk:
    packed = row._mapping  # "values" and "count" are methods of a row, too
    return Chunk(
        row.metric, np.frombuffer(packed["steps"], "<i8"), np.frombuffer(packed["values"], "<f8")
    )


def _row(attempt_id: AttemptId, chunk: Chunk) -> dict[str, object]:
    return {
        "attempt_id": attempt_id,
        "metric": chunk.metric,
        "first_step": chunk.first_step,
        "last_step": chunk.last_step,
        "count": int(chunk.steps.size),
        "steps": chunk.steps.astype("<i8").tobytes(),
        "values": chunk.values.astype("<f8").tobytes(),
    }
