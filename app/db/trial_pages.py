"""One page of a study's trials: keyset paging, so that the last page costs what the first does."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any  # Any: an SQL expression of either type

from sqlalchemy import ColumnElement, Connection, case, select, tuple_

from app.db.tables import trials
from app.db.trial_rows import TRIAL_COLUMNS, trial_of
from app.domain.errors import InvalidInput
from app.domain.ids import StudyId
from app.domain.states import TrialState
from app.domain.trials import Trial

MAX_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Filter:
    """Which trials, in which order: a name in `ORDERS`, "-" before it turns it round."""

    study_id: StudyId
    round: int | None = None
    state: TrialState | None = None
    order: str = "number"


def page(
    connection: Connection, wanted: Filter, position: str | None = None, limit: int = 50
) -> tuple[list[Trial], str | None]:
    """The trials after `position`, and the position of the last if more follow (else None)."""
    is_descending = wanted.order.startswith("-")
    key = _key(wanted.order.removeprefix("-"), is_descending)
    query = select(*TRIAL_COLUMNS, key.label("sort_key")).where(*_conditions(wanted))
    here = tuple_(key, trials.c.number)
    if position is not None:
        after = tuple_(*_read(position))
        query = query.where(here < after if is_descending else here > after)
    for column in (key, trials.c.number):
        query = query.order_by(column.desc() if is_descending else column.asc())
    size = max(1, min(limit, MAX_LIMIT))
    rows = connection.execute(query.limit(size + 1)).mappings().all()
    found = [trial_of(row) for row in rows[:size]]
    if len(rows) <= size:
        return found, None
    return found, json.dumps([rows[size - 1]["sort_key"], found[-1].number])


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    conditions = [trials.c.study_id == wanted.study_id]
    if wanted.round is not None:
        conditions.append(trials.c.round == wanted.round)
    if wanted.state is not None:
        conditions.append(trials.c.state == wanted.state)
    return conditions


def _best_value(is_descending: bool) -> ColumnElement[Any]:
    """Diverged runs and those without a value come last, whichever way it is sorted."""
    worst = -inf if is_descending else inf
    unusable = trials.c.best_value.is_(None) | (trials.c.state == TrialState.DIVERGED)
    return case((unusable, worst), else_=trials.c.best_value)


ORDERS: dict[str, Callable[[bool], ColumnElement[Any]]] = {
    "number": lambda _: trials.c.number,
    "last_step": lambda _: trials.c.last_step,
    "best_value": _best_value,
}


def _key(order: str, is_descending: bool) -> ColumnElement[Any]:
    if order not in ORDERS:
        names = ", ".join(ORDERS)
        raise InvalidInput(f"order {order!r} is unknown; use {names}, or one of these after a '-'")
    return ORDERS[order](is_descending)


def _read(position: str) -> tuple[float, int]:
    try:
        key, number = json.loads(position)
        return (key if isinstance(key, int) else float(key)), int(number)
    except (ValueError, TypeError) as error:
        raise InvalidInput(
            "`cursor` is not one of this list; pass `next_cursor` back as it came"
        ) from error
