"""Leases are the database's alone: its clock ends and extends them, and an end stays an end."""

import time
from collections.abc import Callable

import pytest
import time_machine
from httpx2 import Response

from app.db import lapsed, service_state
from app.domain.ids import AttemptId
from app.services.leases import mark_expired
from tests.contract.lab import Lab
from tests.contract.slot import Attempt, Slot, attempt_row, attended, expire, lapse

DAY = 86400.0
LEASE = 60.0


def left_of_the_lease(lab: Lab, attempt: Attempt) -> float:
    with lab.context.database.reading() as connection:
        now = service_state.clock(connection)
    return float(attempt_row(lab, attempt.id)["lease_expires_at"]) - now


@pytest.mark.parametrize("jump", [DAY, -DAY, 3600.0, -3600.0])
def test_a_jump_of_the_service_s_own_clock_moves_no_lease(lab: Lab, jump: float) -> None:
    lab.create()
    attempt = Slot(lab).claim()
    with time_machine.travel(time.time() + jump, tick=True):
        attended(lab)
        assert mark_expired(lab.context) == []
        assert attempt.heartbeat(1).status_code == 200
        assert 0 < left_of_the_lease(lab, attempt) <= LEASE
        expire(lab, attempt)
        assert mark_expired(lab.context) == [attempt.id]


def test_a_heartbeat_and_a_report_last_for_another_lease(lab: Lab) -> None:
    lab.create()
    attempt = Slot(lab).claim()
    writes: list[Callable[[], Response]] = [
        lambda: attempt.heartbeat(1),
        lambda: attempt.measure([2], [0.5]),
    ]
    for write in writes:
        expire(lab, attempt)
        assert write().status_code == 200
        assert 0 < left_of_the_lease(lab, attempt) <= LEASE
        attended(lab)
        assert mark_expired(lab.context) == []


def test_an_attempt_that_was_heard_since_the_sweep_looked_is_not_marked(lab: Lab) -> None:
    lab.create()
    attempt = Slot(lab).claim()
    expire(lab, attempt)
    with lab.context.database.reading() as connection:
        assert lapsed.expired(connection) == [attempt.id]
    attempt.heartbeat(1)
    with lab.context.database.writing() as connection:
        assert lapsed.mark(connection, AttemptId(attempt.id)) is None
    assert attempt_row(lab, attempt.id)["claimable_at"] is None


def test_an_attempt_that_has_ended_is_never_marked(lab: Lab) -> None:
    lab.create(trials=2)
    done = Slot(lab).claim()
    done.run()
    lost = Slot(lab).claim()
    lapse(lab, lost)
    Slot(lab, worker="w2").claim()
    for attempt in (done, lost):
        expire(lab, attempt)
    attended(lab)
    assert mark_expired(lab.context) == []
