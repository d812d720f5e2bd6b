"""The counters of a round, one a trial state, kept in the transaction that moves a trial."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection, bindparam, update
from sqlalchemy.sql.dml import ReturningUpdate

from app.db.tables import rounds
from app.domain.ids import StudyId
from app.domain.states import RoundState, TrialState


@dataclass(frozen=True, slots=True)
class Counts:
    """How a round stands after a move."""

    state: RoundState
    waiting: int
    running: int
    points_to_draw: int

    @property
    def is_over(self) -> bool:
        """Whether an open round has nothing left to run or to draw, so it is to be reviewed."""
        left = self.waiting + self.running + self.points_to_draw
        return left == 0 and self.state is RoundState.OPEN


def count_move(
    connection: Connection, study_id: StudyId, number: int, changes: Mapping[TrialState, int]
) -> Counts:
    """Add `changes` to the counters; the round as it stands then."""
    moved = {state.value: by for state, by in changes.items() if by}
    more = {_more(name): by for name, by in moved.items()}
    where = {"study": study_id, "round": number}
    row = connection.execute(_add(tuple(sorted(moved))), where | more).one()
    return Counts(RoundState(row.state), row.waiting, row.running, row.points_to_draw)


@cache
def _add(names: tuple[str, ...]) -> ReturningUpdate[tuple[str, int, int, int]]:
    r = rounds.c
    return (
        update(rounds)
        .where(r.study_id == bindparam("study"), r.number == bindparam("round"))
        .values({name: r[name] + bindparam(_more(name)) for name in names})
        .returning(r.state, r.waiting, r.running, r.points_to_draw)
    )


def _more(name: str) -> str:
    return f"more_{name}"


def count_new(connection: Connection, study_id: StudyId, number: int, count: int) -> None:
    """`count` trials more wait in the round."""
    count_move(connection, study_id, number, {TrialState.WAITING: count})
