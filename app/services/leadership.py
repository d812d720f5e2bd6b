"""Which of several conductors is busy: the holder of an advisory lock of the database's session."""

from types import TracebackType
from typing import Self

from app.db.advisory import AdvisoryLock
from app.db.database import Database


class Leadership:
    """On SQLite the one process leads; on PostgreSQL whoever holds the lock, until its connection
    ends."""

    def __init__(self, database: Database) -> None:
        self._lock = None if database.is_sqlite else AdvisoryLock(database)

    def is_held(self) -> bool:
        """Whether this process leads now; tries to take over if nobody does."""
        return self._lock is None or self._lock.is_held()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._lock is not None:
            self._lock.release()
