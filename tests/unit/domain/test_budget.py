"""Budget: what a claim sets aside, what an end books, what still fits."""

import pytest

from app.domain.budget import Reservation, Room, reservation, room_after, settle
from app.domain.ids import AttemptId, StudyId, TrialId, WorkerId
from app.domain.states import AttemptState
from app.domain.studies import Job
from app.domain.trials import Attempt

GPU_JOB = Job(command=("x",), gpus=2)


def attempt(**changes: object) -> Attempt:
    fields = {
        "id": AttemptId("a"),
        "trial_id": TrialId("t"),
        "study_id": StudyId("s"),
        "number": 1,
        "state": AttemptState.RUNNING,
        "worker": WorkerId("w"),
        "boot_id": "b",
        "slot": "0",
        "request_id": "r",
        "start_step": 10,
        "resume": None,
        "last_step": 50,
        "started_at": 100.0,
        "lease_expires_at": 160.0,
        "reserved_steps": 90,
        "reserved_gpu_seconds": 120.0,
    }
    return Attempt(**{**fields, **changes})  # type: ignore[arg-type]  # a builder of many kinds


def test_a_claim_sets_aside_the_steps_that_are_left() -> None:
    assert reservation(Job(command=("x",)), 100, 40, 1.0, 80.0) == Reservation(60, 0.0)
    assert reservation("external", 100, 0, None, 80.0) == Reservation(100, 0.0)


def test_gpu_seconds_come_from_the_timeout_or_from_the_speed() -> None:
    limited = Job(command=("x",), gpus=2, timeout_seconds=30.0)
    assert reservation(limited, 100, 0, 9.0, 80.0).gpu_seconds == 2 * (30.0 + 80.0)
    assert reservation(GPU_JOB, 100, 0, 2.0, 80.0).gpu_seconds == 2 * (100 * 2.0 * 1.5 + 80.0)
    assert reservation(GPU_JOB, 100, 0, None, 80.0).gpu_seconds is None


def test_an_end_spends_the_steps_done() -> None:
    booked = settle(attempt(), AttemptState.SUCCEEDED, 2, 130.0, 0)
    assert (booked.spent_steps, booked.lost_steps) == (40, 0)
    assert (booked.used_gpu_seconds, booked.overrun_gpu_seconds) == (60.0, 0.0)


def test_use_beyond_what_was_set_aside_is_overrun() -> None:
    assert settle(attempt(), AttemptState.FAILED, 2, 200.0, 0).overrun_gpu_seconds == 80.0


@pytest.mark.parametrize(
    ("kept", "spent", "lost"), [(0, 0, 40), (30, 20, 20), (50, 40, 0), (60, 40, 0)]
)
def test_a_lost_attempt_spends_up_to_its_last_checkpoint(kept: int, spent: int, lost: int) -> None:
    booked = settle(attempt(), AttemptState.LOST, 1, 500.0, kept)
    assert (booked.spent_steps, booked.lost_steps) == (spent, lost)
    assert booked.used_gpu_seconds == 60.0  # to the end of its lease, not to its successor


@pytest.mark.parametrize(
    ("room", "wanted", "fits"),
    [
        (Room(None, None), Reservation(10**9, 1e9), True),
        (Room(10, None), Reservation(10, 5.0), True),
        (Room(9, None), Reservation(10, 0.0), False),
        (Room(None, 5.0), Reservation(1, 5.0), True),
        (Room(None, 4.9), Reservation(1, 5.0), False),
        (Room(None, 0.1), Reservation(1, None), True),
        (Room(None, 0.0), Reservation(1, None), False),
        (Room(None, 0.0), Reservation(1, 0.0), True),
    ],
)
def test_what_fits_is_what_both_limits_hold(room: Room, wanted: Reservation, fits: bool) -> None:
    assert room.holds(wanted) is fits


def test_a_settlement_gives_back_what_was_not_used() -> None:
    booked = settle(attempt(), AttemptState.LOST, 1, 500.0, 30)
    assert room_after(Room(5, 7.0), booked) == Room(5 + 90 - 20, 7.0 + 120.0 - 60.0)
    assert room_after(Room(None, None), booked) == Room(None, None)
