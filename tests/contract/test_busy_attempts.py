"""An attempt that is being written to at this very moment lives: nobody takes it over, and a claim
does not even wait for it. (PostgreSQL alone has two writers at once.)"""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from app.api.app import create_app
from app.db import attempts
from app.db.database import Connection, Database
from app.domain.ids import AttemptId
from app.services.context import Context
from app.services.tokens import SCOPES, create_token
from app.settings import Settings
from tests.contract.lab import Lab
from tests.contract.slot import Slot, attempt_row, lapse


@pytest.fixture
def postgres_lab(postgres_database_url: str) -> Iterator[Lab]:
    """The lab on PostgreSQL."""
    url = postgres_database_url
    context = Context(Database(url), Settings(database_url=url))
    headers = {"Authorization": f"Bearer {create_token(context, 'test', SCOPES).text}"}
    with TestClient(create_app(context), headers=headers) as client:
        yield Lab(context, client)
    context.database.close()


def test_a_lapsed_attempt_that_writes_just_now_is_passed_over(postgres_lab: Lab) -> None:
    lab = postgres_lab
    lab.create(trials=1)
    attempt = Slot(lab).claim()
    lapse(lab, attempt)
    with lab.context.database.writing() as connection:
        _lock_the_attempt_alone(connection, attempt.id)
        assert Slot(lab, worker="w2").ask().status_code == 204
        attempts.hear(connection, attempts.hold(connection, AttemptId(attempt.id)))
    assert attempt_row(lab, attempt.id)["state"] == "running"
    assert attempt.heartbeat(1).status_code == 200
    assert Slot(lab, worker="w2").ask().status_code == 204


def test_a_claim_passes_the_busy_trial_and_takes_the_next(postgres_lab: Lab) -> None:
    lab = postgres_lab
    lab.create(trials=2)
    attempt = Slot(lab).claim()
    lapse(lab, attempt)
    with lab.context.database.writing() as connection:
        _lock_the_attempt_alone(connection, attempt.id)
        other = Slot(lab, worker="w2").claim()
    assert other.trial_id != attempt.trial_id


def _lock_the_attempt_alone(connection: Connection, attempt_id: str) -> None:
    """A writer that has come as far as the attempt's row, and not yet to its trial's."""
    assert attempts.hold_unless_busy(connection, AttemptId(attempt_id)) is not None
