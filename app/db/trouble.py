"""Two kinds of trouble that pass: the database is away, or it refused a transaction that met
another one. Whoever is outermost decides what to do, and needs no SQLAlchemy for it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError

_REFUSED = frozenset({"40P01", "40001"})  # deadlock, serialization: rolled back, worth one more try
_CUT_OFF = "25P03"  # the server ended a transaction in which nothing was said for too long
_DISK_FULL = "53100"
_SQLITE_FULL = "database or disk is full"


class DatabaseTrouble(Exception):
    """Tree: DatabaseTrouble -> DatabaseAway (-> DatabaseFull), TransactionRefused; the cause is in
    `__cause__`."""


class DatabaseAway(DatabaseTrouble):
    """No connection, a cut one: whether the last commit arrived is not known."""


class DatabaseFull(DatabaseAway):
    """Its disk has no room: nothing of the transaction was kept; it works again once there is."""


class TransactionRefused(DatabaseTrouble):
    """Nothing of the transaction was kept, because it and another stood in each other's way."""


@contextmanager
def told_apart() -> Iterator[None]:
    """Raises DatabaseTrouble where the database fails; what we asked wrongly passes as it is."""
    try:
        yield
    except TimeoutError as error:  # of the pool
        raise DatabaseAway("no connection to the database came free in time") from error
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        is_cut = error.connection_invalidated or state == _CUT_OFF
        if not (is_cut or isinstance(error, OperationalError)):
            raise
        said = " ".join(str(error.orig).split())
        raise _kind_of(state, said)(said) from error


def _kind_of(state: str | None, said: str) -> type[DatabaseTrouble]:
    if state in _REFUSED:
        return TransactionRefused
    is_full = state == _DISK_FULL or _SQLITE_FULL in said
    return DatabaseFull if is_full else DatabaseAway
