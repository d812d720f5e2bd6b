"""Two people steer one study at the same instant: neither is refused for the order of locks, and
what PostgreSQL refuses nevertheless is tried once more. A database that is away is told as such."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from app.db.tables import trials
from app.domain.errors import WrongState
from app.domain.ids import StudyId
from app.services.study_states import cancel_study, pause_study
from tests.contract.lab import Lab
from tests.contract.slot import Slot
from tests.support.waiting import wait_until

TRIALS = 9
DEADLOCK_SECONDS = 2  # after so long one of those in a circle is refused


def how_many_wait(lab: Lab) -> int:
    with lab.context.database.reading() as connection:
        query = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted"
        return int(connection.scalar(text(query)) or 0)


@contextmanager
def bystander(lab: Lab) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:  # Any: rows
    """A transaction of somebody else's, that never finds out about a deadlock itself."""
    url = lab.context.database.url.replace("+psycopg", "")
    with psycopg.connect(url) as session:
        session.execute("SET LOCAL deadlock_timeout = '1h'")
        yield session
        session.rollback()


def trial_ids(lab: Lab) -> list[str]:
    with lab.context.database.reading() as connection:
        return sorted(connection.scalars(select(trials.c.id)))


def turn_around(lab: Lab, ids: list[str]) -> None:
    """Let every index and the table itself lead through the rows against the order of their ids."""
    for number, trial_id in enumerate(reversed(ids), start=1000):
        with lab.context.database.writing() as connection:
            moved = update(trials).where(trials.c.id == trial_id)
            connection.execute(moved.values(number=number))


HOLD = "SELECT id FROM trials WHERE id = %s FOR UPDATE"


def test_pausing_and_cancelling_at_one_instant_wait_for_each_other(postgres_lab: Lab) -> None:
    lab = postgres_lab
    study_id = StudyId(lab.create(trials=TRIALS)["id"])
    ids = trial_ids(lab)
    turn_around(lab, ids)
    with ThreadPoolExecutor(2) as pool:
        with bystander(lab) as session:
            session.execute(HOLD, [ids[TRIALS // 2]])  # both stop half way
            asked = [pool.submit(one, lab.context, study_id) for one in (pause_study, cancel_study)]
            wait_until(lambda: how_many_wait(lab) == 2, what="both to wait")
        errors = [one.exception(60) for one in asked]
    refused = [error for error in errors if error is not None]
    assert all(isinstance(error, WrongState) for error in refused), refused
    assert lab.study(study_id)["state"] == "cancelled"
    assert {trial["state"] for trial in lab.trials(study_id)} == {"cancelled"}


@pytest.mark.parametrize("how", ["pause", "cancel"])
def test_a_transaction_refused_as_a_deadlock_is_tried_once_more(
    postgres_lab: Lab, how: str
) -> None:
    lab = postgres_lab
    study_id = lab.create(trials=TRIALS)["id"]
    ids = trial_ids(lab)
    with ThreadPoolExecutor(1) as pool:
        with bystander(lab) as session:
            name = session.info.dbname
            session.execute(HOLD, [ids[-1]])
            with lab.context.database.writing() as connection:
                seconds = f"'{DEADLOCK_SECONDS}s'"
                connection.execute(
                    text(f'ALTER DATABASE "{name}" SET deadlock_timeout = {seconds}')
                )
            lab.context.database.engine.dispose()
            asked = pool.submit(lab.client.post, f"/v1/studies/{study_id}/{how}")
            wait_until(lambda: how_many_wait(lab) == 1, what=f"{how} to wait")
            session.execute(HOLD, [ids[0]])  # a circle: it comes back once the other is refused
        answer = asked.result(60)
    assert answer.status_code == 200, answer.text
    assert lab.study(study_id)["state"] == {"pause": "paused", "cancel": "cancelled"}[how]


def test_a_database_that_is_away_is_a_503_that_says_so(postgres_lab: Lab) -> None:
    lab = postgres_lab
    lab.create()
    attempt = Slot(lab).claim()
    url = lab.context.database.url.replace("+psycopg", "")
    name = url.rsplit("/", 1)[1].split("?")[0]
    server = url.replace(f"/{name}", "/postgres")
    with psycopg.connect(server, autocommit=True) as session:
        session.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        for answer in (
            attempt.heartbeat(2),
            Slot(lab, slot="9").ask(),
            lab.client.get("/v1/studies"),
            lab.client.get("/readyz"),
        ):
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["retry-after"] == "1"
            assert answer.json()["type"] == "database-unavailable"
            assert name not in answer.text, "its address is nobody's business"
        session.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())
    assert attempt.heartbeat(2).status_code == 200


def test_what_the_caller_did_wrong_is_no_trouble_of_the_database(lab: Lab) -> None:
    with pytest.raises(DBAPIError), lab.context.database.writing() as connection:
        connection.execute(text("INSERT INTO trials (id) VALUES ('t')"))
