"""A PostgreSQL advisory lock held by a connection of its own: it ends with the connection, so with
the process."""

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from app.db.database import Database

CONDUCTOR = 727430
MOST_IDLE_SECONDS = 60
"""A holder that is frozen so long loses the lock: the server ends its session. One that is busy so
long loses it too, which does no harm: whatever it saves is compared with what is stored."""


class AdvisoryLock:
    """Session-level, so it outlives transactions; a broken connection gives it back."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None

    def is_held(self) -> bool:
        """Whether this process holds the lock now; tries to take it if not."""
        try:
            if self._connection is None:
                self._connection = self._try()
            else:
                self._connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            self.release()
        return self._connection is not None

    def _try(self) -> Connection | None:
        connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if connection.execute(
            text("SELECT pg_try_advisory_lock(:key)"), {"key": CONDUCTOR}
        ).scalar():
            connection.execute(text(f"SET idle_session_timeout = '{MOST_IDLE_SECONDS}s'"))
            return connection
        connection.close()
        return None

    def release(self) -> None:
        """Give the lock back by closing its connection for good."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
