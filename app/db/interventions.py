"""What a person asks of attempts that run.

Rows are locked in one order everywhere: attempt, trial, study, round; call this first.
"""

from sqlalchemy import Connection, select, update

from app.db.tables import attempts
from app.domain.ids import StudyId
from app.domain.states import LIVE_ATTEMPTS


def ask_to_stop(connection: Connection, study_id: StudyId, *, is_wanted: bool) -> None:
    """Their next heartbeat answers `stop`: they checkpoint and are released as pre-empted.

    `is_wanted` False takes the request back from attempts that still run.
    """
    mine = (attempts.c.study_id == study_id) & attempts.c.state.in_(LIVE_ATTEMPTS)
    holding = select(attempts.c.id).where(mine).order_by(attempts.c.id)
    held = connection.scalars(holding.with_for_update(key_share=True)).all()
    asking = update(attempts).where(attempts.c.id.in_(held)).values(stop_requested=is_wanted)
    connection.execute(asking)
