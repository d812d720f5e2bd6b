"""A link to the database that dies without a word: requests fail in bounded time, and the server
lets go of what a process that nobody can reach had locked.
"""

import inspect
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url, text

from app.api.routes.system import is_alive
from app.db.advisory import MOST_IDLE_SECONDS, AdvisoryLock
from app.db.database import Database
from app.db.dead_links import limits_for
from app.db.trouble import DatabaseAway
from tests.support.waiting import wait_until

OURS = "SELECT setting::int FROM pg_settings WHERE name = :name"
IDLE = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle'"


@pytest.fixture
def database(postgres_database_url: str) -> Iterator[Database]:
    database = Database(postgres_database_url)
    yield database
    database.close()


def test_whoever_connects_waits_seconds_and_not_minutes() -> None:
    limits = limits_for(make_url("postgresql://paceline@db/paceline"))
    assert limits["connect_timeout"] <= 10
    assert limits["tcp_user_timeout"] <= 10_000
    probing = limits["keepalives_interval"] * limits["keepalives_count"]
    assert limits["keepalives_idle"] + probing <= 10


def test_what_the_url_says_comes_first() -> None:
    limits = limits_for(make_url("postgresql://db/x?connect_timeout=3&options=-c%20work_mem%3D9MB"))
    assert "connect_timeout" not in limits
    assert str(limits["options"]).endswith(" -c work_mem=9MB")


def test_the_server_is_told_to_let_go(database: Database) -> None:
    with database.reading() as connection:
        name = "idle_in_transaction_session_timeout"
        assert connection.execute(text(OURS), {"name": name}).scalar() == 60_000


def test_a_frozen_conductor_loses_its_lock(database: Database) -> None:
    lock, other = AdvisoryLock(database), AdvisoryLock(database)
    assert lock.is_held()
    assert not other.is_held()
    with database.reading() as connection:
        assert connection.execute(text(OURS), {"name": "idle_session_timeout"}).scalar() == 0
    assert lock._connection is not None
    held_with = lock._connection.execute(text(OURS), {"name": "idle_session_timeout"}).scalar()
    assert held_with == MOST_IDLE_SECONDS * 1000
    lock._connection.execute(text("SET idle_session_timeout = '100ms'"))  # a frozen minute, sooner
    wait_until(other.is_held, what="the other conductor to take over")
    assert not lock.is_held()
    other.release()


def test_a_transaction_of_a_frozen_process_ends_and_is_told_as_trouble(database: Database) -> None:
    with pytest.raises(DatabaseAway):
        fall_silent_in_a_transaction(database)


def fall_silent_in_a_transaction(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(text("SET idle_in_transaction_session_timeout = '50ms'"))
        wait_until(lambda: is_cut_off(connection), what="the server to end the transaction")
        connection.execute(text("SELECT 1"))


def is_cut_off(connection: Any) -> bool:  # Any: a Connection of SQLAlchemy
    """Whether the server has said good-bye, seen without asking it."""
    raw: psycopg.Connection[Any] = connection.connection.driver_connection
    try:
        next(raw.notifies(timeout=0), None)
    except psycopg.Error:
        return True
    return False


def test_the_process_says_that_it_lives_while_every_thread_waits() -> None:
    """Answered by the event loop: each thread may be waiting for the database."""
    assert inspect.iscoroutinefunction(is_alive)
