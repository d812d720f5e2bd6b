"""Attempts as people read them: one attempt, and what its training printed."""

from app.db import attempts
from app.domain.ids import AttemptId
from app.domain.trials import Attempt
from app.services.context import Context


def show_attempt(context: Context, attempt_id: AttemptId) -> Attempt:
    """The attempt. Raises MissingObject."""
    with context.database.reading() as connection:
        return attempts.get(connection, attempt_id)


def read_logs(context: Context, attempt_id: AttemptId, tail: int) -> tuple[str, str]:
    """The last `tail` lines of stdout and stderr that were kept. Raises MissingObject."""
    with context.database.reading() as connection:
        stdout, stderr = attempts.logs_of(connection, attempt_id)
    return _last_lines(stdout, tail), _last_lines(stderr, tail)


def _last_lines(text: str, count: int) -> str:
    return "".join(text.splitlines(keepends=True)[-count:])
