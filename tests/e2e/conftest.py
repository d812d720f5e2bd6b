"""Fixtures: a fleet of processes that leaves nothing behind, the service in both shapes, and the
training bench.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.processes import Fleet
from tests.e2e.services import Embedded, Production
from tests.e2e.trainers import Bench, make_bench
from tests.support.databases import postgres_database
from tests.support.redis import RedisServer
from tests.support.s3 import S3Server, own_s3


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """Starts processes; all of them, and what they started, are ended with the test."""
    fleet = Fleet(tmp_path)
    try:
        yield fleet
    finally:
        fleet.close()


@pytest.fixture
def embedded(fleet: Fleet) -> Iterator[Embedded]:
    """`paceline up`, not started yet."""
    embedded = Embedded(fleet)
    yield embedded
    for client in embedded.clients:
        client.close()


@pytest.fixture
def blank_postgres_url(postgres_url: str) -> Iterator[str]:
    """Name an empty database: the schema is made by the command that people type."""
    with postgres_database(postgres_url) as url:
        yield url


@pytest.fixture
def production(
    fleet: Fleet, blank_postgres_url: str, redis_server: RedisServer
) -> Iterator[Production]:
    """API, conductor and workers over real servers, nothing started yet."""
    production = Production(fleet, blank_postgres_url, redis_server.url)
    yield production
    for client in production.clients:
        client.close()


@pytest.fixture
def s3() -> Iterator[S3Server]:
    """A server of the test's own; its environment is for the fleet to take over."""
    with own_s3() as server:
        yield server


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """The folder of the training program and its ledger."""
    return make_bench(tmp_path / "bench")
