"""The engine and the unit of work: a reading or a writing connection, committed before the use
case returns."""

import select
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection, QueuePool

from app.db.dead_links import limits_for
from app.db.trouble import told_apart

__all__ = ["Connection", "Database"]

POOL_SECONDS = 10  # longer than this nobody waits for an answer: see the clients' timeouts

_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    # in WAL a crash of the process loses nothing; FULL had 9 s worst cases
    "PRAGMA synchronous=NORMAL",
    "PRAGMA busy_timeout=30000",
    "PRAGMA foreign_keys=ON",
)


class Database:
    """One database, SQLite or PostgreSQL, used synchronously."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url) if self.is_sqlite else _postgresql_engine(url)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, committed on leaving the block, rolled back on an error.

        On SQLite it takes the write lock at once (BEGIN IMMEDIATE), so a read inside it is never
        stale. Raises DatabaseTrouble, as reading does.
        """
        with told_apart(), self.engine.connect() as connection:
            if self.is_sqlite:
                connection.info["is_writing"] = True
            with connection.begin():
                yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent view; nothing done in it is kept."""
        with told_apart(), self.engine.connect() as connection:
            if self.is_sqlite:
                connection.info["is_writing"] = False
            yield connection

    def pool_use(self) -> tuple[int, int, int]:
        """Connections of this process: in use, idle, and how many it may open at most."""
        pool = self.engine.pool
        if not isinstance(pool, QueuePool):
            return 0, 0, 1  # a database in memory: one connection, never counted
        most = pool.size() + max(pool._max_overflow, 0)
        return pool.checkedout(), pool.checkedin(), most

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()


def _postgresql_engine(url: str) -> Engine:
    # the connection used last comes first: its statements are prepared already
    engine = create_engine(
        url,
        pool_size=10,
        max_overflow=20,
        pool_timeout=POOL_SECONDS,
        pool_recycle=1800,
        pool_use_lifo=True,
        connect_args=limits_for(make_url(url)),
    )
    event.listen(engine, "checkout", _refuse_ended)
    return engine


def _refuse_ended(
    connection: psycopg.Connection, _entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection
) -> None:
    """A server that ended or restarted has closed its side, which shows without a round trip.

    Raises InvalidatePoolError; the pool then connects anew.
    """
    if connection.closed:
        raise InvalidatePoolError
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    if waiting.poll(0):
        raise InvalidatePoolError


def _sqlite_engine(url: str) -> Engine:
    file = make_url(url).database
    if file and file != ":memory:":
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": 30})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we send BEGIN ourselves
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.info.get("is_writing") else "BEGIN")
