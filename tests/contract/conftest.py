"""A lab on each kind of database."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient

from app.api.app import create_app
from app.db.database import Database
from app.services.context import Context
from app.services.tokens import SCOPES, create_token
from app.settings import Settings
from tests.contract.lab import Lab


@pytest.fixture
def lab(database_url: str) -> Iterator[Lab]:
    """Studies over HTTP, with the conductor's duties at hand."""
    with _lab_on(database_url) as found:
        yield found


@pytest.fixture
def postgres_lab(postgres_database_url: str) -> Iterator[Lab]:
    """The same where several write at a time."""
    with _lab_on(postgres_database_url) as found:
        yield found


@contextmanager
def _lab_on(database_url: str) -> Iterator[Lab]:
    context = Context(Database(database_url), Settings(database_url=database_url))
    token = create_token(context, "test", SCOPES).text
    headers = {"Authorization": f"Bearer {token}"}
    with TestClient(create_app(context), headers=headers) as client:
        yield Lab(context, client)
    context.database.close()
