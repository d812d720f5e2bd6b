"""Fixtures for all tests: real servers, started when first asked for, and fresh databases on them.

Ask for `database_url` to run a test on SQLite and PostgreSQL alike.
"""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.databases import (
    copy_of_sqlite,
    migrated_postgres,
    migrated_sqlite,
    postgres_database,
    sqlite_url,
)
from tests.support.postgres import running_postgres
from tests.support.redis import RedisServer, own_redis, running_redis

settings.register_profile("house", deadline=None)  # no test fails for being slow
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that `make test` gives, so that nothing is skipped unseen."""
    parser.addoption("--no-skips", action="store_true", help="report a skipped test as failed")


def pytest_configure() -> None:
    """Forget the caller's Paceline settings: tests say what they need."""
    for name in [name for name in os.environ if name.startswith("PACELINE_")]:
        if not name.startswith("PACELINE_TEST_"):
            del os.environ[name]


def refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure that names its reason; an expected failure stays what it is."""
    if report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and --no-skips was given: {report.longrepr}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Refuse skips of tests."""
    report = yield
    if item.config.getoption("--no-skips"):
        refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Refuse skips of whole modules."""
    report = yield
    if collector.config.getoption("--no-skips"):
        refuse_skip(report)
    return report


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Name a PostgreSQL server by its maintenance database; tests take copies, never this one."""
    with running_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Name a Redis shared by the session; use queue names of your own, or `redis_server`."""
    with running_redis() as url:
        yield url


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """Give one test an empty Redis of its own, to stop, kill and start again."""
    with own_redis() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate one SQLite file that every test copies."""
    return migrated_sqlite(tmp_path_factory.mktemp("sqlite-template"))


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[str]:
    """Migrate one PostgreSQL database that every test copies."""
    with migrated_postgres(postgres_url) as name:
        yield name


@pytest.fixture
def sqlite_database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Name a fresh, migrated SQLite database."""
    return copy_of_sqlite(sqlite_template, tmp_path)


@pytest.fixture
def postgres_database_url(postgres_url: str, postgres_template: str) -> Iterator[str]:
    """Name a fresh, migrated PostgreSQL database."""
    with postgres_database(postgres_url, postgres_template) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Name a fresh, migrated database; the test runs once on each kind."""
    fixtures = {"sqlite": "sqlite_database_url", "postgresql": "postgres_database_url"}
    return str(request.getfixturevalue(fixtures[request.param]))


@pytest.fixture(params=["sqlite", "postgresql"])
def blank_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Name a database without any table, for tests of the migrations themselves."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "blank.db")
        return
    with postgres_database(str(request.getfixturevalue("postgres_url"))) as url:
        yield url
