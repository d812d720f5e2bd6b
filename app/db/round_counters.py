"""The counters of a round, one a trial state, kept in the transaction that moves a trial."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, update

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
    columns = {state.value: rounds.c[state.value] + by for state, by in changes.items() if by}
    row = connection.execute(
        update(rounds)
        .where(rounds.c.study_id == study_id, rounds.c.number == number)
        .values(columns)
        .returning(rounds.c.state, rounds.c.waiting, rounds.c.running, rounds.c.points_to_draw)
    ).one()
    return Counts(RoundState(row.state), row.waiting, row.running, row.points_to_draw)


def count_new(connection: Connection, study_id: StudyId, number: int, count: int) -> None:
    """`count` trials more wait in the round."""
    count_move(connection, study_id, number, {TrialState.WAITING: count})
