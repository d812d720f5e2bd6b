"""Fixtures of everything that runs beside real servers: one that speaks S3."""

from collections.abc import Iterator

import pytest

from tests.support.s3 import S3Server, own_s3


@pytest.fixture(scope="session")
def shared_s3() -> Iterator[S3Server]:
    with own_s3() as server:
        yield server


@pytest.fixture
def s3(shared_s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """A server that stands, even if another test killed it; the environment is set for it."""
    monkeypatch.setattr("app.stores.s3.RETRIES", 1)  # a killed server is known at once
    if shared_s3.process is None:
        shared_s3.start()
    for name, value in shared_s3.environment.items():
        monkeypatch.setenv(name, value)
    return shared_s3
