"""Studies with a limit: which of them still wait for something that could be run."""

from sqlalchemy import Connection, func, or_, select

from app.db.tables import rounds, studies, trials
from app.db.trial_rows import TRIAL_COLUMNS, trial_of
from app.domain.ids import StudyId
from app.domain.states import UNFINISHED_TRIALS, StudyState
from app.domain.trials import Trial


def with_limits(connection: Connection) -> list[StudyId]:
    """Active studies with a limit and unfinished trials, oldest first."""
    has_limit = or_(studies.c.steps_limit.is_not(None), studies.c.gpu_seconds_limit.is_not(None))
    left = select(func.sum(rounds.c.waiting + rounds.c.running)).where(
        rounds.c.study_id == studies.c.id
    )
    query = select(studies.c.id).where(
        studies.c.state == StudyState.ACTIVE, has_limit, left.scalar_subquery() > 0
    )
    return [StudyId(found) for found in connection.scalars(query.order_by(studies.c.created_at))]


def unfinished(connection: Connection, study_id: StudyId) -> list[Trial]:
    """The study's trials that wait or run, by number."""
    mine = (trials.c.study_id == study_id) & trials.c.state.in_(tuple(UNFINISHED_TRIALS))
    rows = connection.execute(select(*TRIAL_COLUMNS).where(mine).order_by(trials.c.number))
    return [trial_of(row) for row in rows.mappings()]
