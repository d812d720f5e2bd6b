"""The fence before every write of a worker: the attempt's row is locked and checked first, in the
transaction of the effect."""

from app.db import attempts
from app.db.attempts import Held
from app.db.database import Connection
from app.domain.errors import StaleAttempt
from app.domain.fencing import is_token_of
from app.domain.ids import AttemptId
from app.domain.states import LIVE_ATTEMPTS
from app.domain.trials import Attempt


def hold_known(connection: Connection, key: bytes, attempt_id: AttemptId, token: str) -> Held:
    """The attempt whose token this is, locked. Raises MissingObject or StaleAttempt."""
    held = attempts.hold(connection, attempt_id)
    refuse_other_token(key, attempt_id, token)
    return held


def hold_current(connection: Connection, key: bytes, attempt_id: AttemptId, token: str) -> Held:
    """The attempt, locked, if it still holds its trial. Raises MissingObject or StaleAttempt."""
    held = hold_known(connection, key, attempt_id, token)
    refuse_unless_live(held.attempt)
    return held


def refuse_other_token(key: bytes, attempt_id: AttemptId, token: str) -> None:
    """Raises StaleAttempt unless the token is this attempt's."""
    if not is_token_of(key, attempt_id, token):
        raise StaleAttempt(
            f"the attempt token presented is not that of {attempt_id}",
            hint="send the `token` of the claim as the header Paceline-Attempt-Token",
        )


def refuse_unless_live(attempt: Attempt) -> None:
    """Raises StaleAttempt once the attempt has ended."""
    if attempt.state not in LIVE_ATTEMPTS:
        raise StaleAttempt(
            f"attempt {attempt.number} of trial {attempt.trial_id} is {attempt.state}; "
            "it no longer holds the trial",
            hint="stop this training and claim again",
        )
