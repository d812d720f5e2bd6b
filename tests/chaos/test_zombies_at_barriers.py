"""A worker that was given up writes on: its write stands at a barrier while the lease lapses, the
sweep marks the attempt and a successor claims. Whatever the order, one of the two holds the trial.
"""

from collections.abc import Callable

import pytest
from httpx2 import Response
from sqlalchemy import select, text

from app.db.tables import metadata, service_state, tokens
from tests.chaos import figures
from tests.chaos.barriers import BEFORE_IT_BEGINS, BEFORE_IT_COMMITS, PATIENCE_SECONDS, held_at
from tests.contract.lab import Json, Lab
from tests.contract.slot import Attempt, Slot, attempt_row, lapse
from tests.support.waiting import wait_until

Write = Callable[[Attempt], Response]
LOGS = {"stdout": "what nobody may read\n", "stderr": ""}
ON_THE_WAY: dict[str, Write] = {
    "heartbeat": lambda attempt: attempt.heartbeat(6),
    "logs": lambda attempt: attempt.heartbeat(4, logs=LOGS),
    "code": lambda attempt: attempt.heartbeat(4, code={"commit": "abc", "digest": None}),
    "measurements": lambda attempt: attempt.measure([6, 8], [0.0, 0.1]),
    "repeated measurements": lambda attempt: attempt.measure([2], [0.9]),
    "checkpoint": lambda attempt: attempt.checkpoint(4),
}
ENDS: dict[str, Write] = {
    "completed": lambda attempt: attempt.finish("completed"),
    "diverged": lambda attempt: attempt.finish("diverged", 6),
    "failed": lambda attempt: attempt.finish("failed", 6, reason="crashed", exit_code=1),
    "preempted": lambda attempt: attempt.finish("preempted", 6),
    "cancelled": lambda attempt: attempt.finish("cancelled", 6),
}
WRITES = ON_THE_WAY | ENDS


def everything(lab: Lab) -> dict[str, list[Json]]:
    """All rows of the database but who may sign in, and when API and sweep were there last."""
    tables = [table for table in metadata.sorted_tables if table not in (tokens, service_state)]
    with lab.context.database.reading() as connection:
        return {table.name: sorted(map(str, connection.execute(select(table)))) for table in tables}


def begun(lab: Lab) -> Attempt:
    """An attempt under way: it measured twice and kept a checkpoint."""
    lab.create(trials=1)
    attempt = Slot(lab).claim()
    assert attempt.measure([2, 4], [0.9, 0.8]).status_code == 200
    assert attempt.checkpoint(2).status_code == 200
    return attempt


def is_refused(answer: Response) -> bool:
    return (answer.status_code, answer.json().get("type")) == (409, "stale-attempt")


@pytest.mark.parametrize("write", WRITES)
def test_a_write_under_way_while_a_successor_claims_changes_nothing(lab: Lab, write: str) -> None:
    old = begun(lab)
    with held_at(lab, BEFORE_IT_BEGINS, lambda: WRITES[write](old)) as (barrier, writing):
        lapse(lab, old)
        new = Slot(lab, worker="w2").claim()
        assert (new.trial_id, new.claim["number"]) == (old.trial_id, 2)
        before = everything(lab)
        barrier.opened.set()
        answer = writing.result(PATIENCE_SECONDS)
    assert is_refused(answer), answer.text
    assert everything(lab) == before
    assert new.run()["state"] == "completed"
    figures.record(f"zombie at a barrier: {write}", faults=1, trials=1, attempts=2)


@pytest.mark.parametrize("write", ON_THE_WAY)
def test_a_write_under_way_while_the_lease_lapses_takes_the_attempt_back(
    lab: Lab, write: str
) -> None:
    old = begun(lab)
    with held_at(lab, BEFORE_IT_BEGINS, lambda: WRITES[write](old)) as (barrier, writing):
        lapse(lab, old)
        assert attempt_row(lab, old.id)["claimable_at"] is not None
        barrier.opened.set()
        assert writing.result(PATIENCE_SECONDS).status_code == 200
    row = attempt_row(lab, old.id)
    assert (row["state"], row["claimable_at"]) == ("running", None)
    assert Slot(lab, worker="w2").ask().status_code == 204
    assert old.run()["state"] == "completed"


@pytest.mark.parametrize("write", ENDS)
def test_an_end_under_way_while_the_lease_lapses_is_that_end(lab: Lab, write: str) -> None:
    old = begun(lab)
    with held_at(lab, BEFORE_IT_BEGINS, lambda: WRITES[write](old)) as (barrier, writing):
        lapse(lab, old)
        barrier.opened.set()
        answer = writing.result(PATIENCE_SECONDS)
    assert answer.status_code == 200, answer.text
    row = attempt_row(lab, old.id)
    assert row["state"] not in ("leased", "running", "lost")
    assert row["claimable_at"] is None
    assert len(lab.get(f"/v1/trials/{old.trial_id}")["attempts"]) == 1


@pytest.mark.parametrize("write", WRITES)
def test_a_claim_passes_by_an_attempt_that_is_being_written_to(
    postgres_lab: Lab, write: str
) -> None:
    lab = postgres_lab  # SQLite has one writer at a time
    old = begun(lab)
    lapse(lab, old)
    with held_at(lab, BEFORE_IT_COMMITS, lambda: WRITES[write](old)) as (barrier, writing):
        assert Slot(lab, worker="w2").ask().status_code == 204, "its worker lives"
        barrier.opened.set()
        assert writing.result(PATIENCE_SECONDS).status_code == 200
    assert attempt_row(lab, old.id)["state"] != "lost"
    assert len(lab.get(f"/v1/trials/{old.trial_id}")["attempts"]) == 1


@pytest.mark.parametrize("write", WRITES)
def test_a_write_that_meets_a_claim_about_to_commit_waits_and_is_refused(
    postgres_lab: Lab, write: str
) -> None:
    lab = postgres_lab
    old = begun(lab)
    lapse(lab, old)
    known = attempt_row(lab, old.id)
    claim = Slot(lab, worker="w2").claim
    with held_at(lab, BEFORE_IT_COMMITS, claim) as (first, claiming):
        with held_at(lab, BEFORE_IT_BEGINS, lambda: WRITES[write](old)) as (second, writing):
            second.opened.set()
            wait_until(lambda: somebody_waits(lab), what="the write to wait for the claim")
            first.opened.set()
            answer = writing.result(PATIENCE_SECONDS)
        new = claiming.result(PATIENCE_SECONDS)
    assert is_refused(answer), answer.text
    row = attempt_row(lab, old.id)
    assert row["state"] == "lost"
    unchanged = ("last_step", "reported", "stdout_tail", "code", "exit_code")
    assert [row[name] for name in unchanged] == [known[name] for name in unchanged]
    assert new.run()["state"] == "completed"


def somebody_waits(lab: Lab) -> bool:
    with lab.context.database.reading() as connection:
        return bool(connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))
