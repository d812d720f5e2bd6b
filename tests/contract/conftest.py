"""A lab on each kind of database."""

from collections.abc import Iterator

import pytest

from tests.contract.lab import Lab, lab_on


@pytest.fixture
def lab(database_url: str) -> Iterator[Lab]:
    """Studies over HTTP, with the conductor's duties at hand."""
    with lab_on(database_url) as found:
        yield found


@pytest.fixture
def postgres_lab(postgres_database_url: str) -> Iterator[Lab]:
    """The same where several write at a time."""
    with lab_on(postgres_database_url) as found:
        yield found
