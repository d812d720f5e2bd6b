"""How attempts end, in the contract's words."""

import dataclasses

import pytest

from workers.demands import Demand
from workers.launch import Ended
from workers.outcome import Seen, conclude, done_steps
from workers.reporter import Progress

WELL = Seen(Ended(0, "own"), None, done_steps=100, max_train_steps=100)


def conclusion(seen: Seen) -> tuple[str, str]:
    end = conclude(seen)
    return end.outcome.value, end.reason.value


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("completed", "completed")),
        ({"done_steps": 60}, ("completed", "completed")),  # censored, which the service decides
        ({"ended": Ended(1, "own")}, ("failed", "crashed")),
        ({"ended": Ended(-11, "own")}, ("failed", "crashed")),
        ({"ended": Ended(-9, "own")}, ("failed", "out_of_memory")),
        ({"ended": Ended(137, "own")}, ("failed", "out_of_memory")),
        ({"ended": Ended(None, "never_started")}, ("failed", "crashed")),
        ({"ended": Ended(None, "keeper_lost")}, ("preempted", "preempted")),
        ({"ended": Ended(-15, "deadline")}, ("preempted", "preempted")),
        ({"ended": Ended(-9, "closed")}, ("preempted", "preempted")),
        ({"has_non_finite": True}, ("diverged", "diverged")),
        ({"has_non_finite": True, "ended": Ended(1, "own")}, ("diverged", "diverged")),
        ({"is_beyond_horizon": True, "ended": Ended(-15, "asked")}, ("completed", "completed")),
        ({"demand": Demand.STOP}, ("completed", "completed")),  # it was done anyway
        ({"demand": Demand.STOP, "done_steps": 60}, ("preempted", "preempted")),
        ({"demand": Demand.SHUTDOWN, "ended": Ended(-9, "asked")}, ("preempted", "preempted")),
        ({"demand": Demand.TIMEOUT, "ended": Ended(-15, "asked")}, ("failed", "timed_out")),
        ({"demand": Demand.CANCEL}, ("cancelled", "cancelled")),
        ({"demand": Demand.CANCEL, "ended": Ended(-9, "asked")}, ("cancelled", "cancelled")),
    ],
)
def test_every_end_has_its_words(changes: dict[str, object], expected: tuple[str, str]) -> None:
    seen = dataclasses.replace(WELL, **changes)  # type: ignore[arg-type]  # names are checked there
    assert conclusion(seen) == expected


@pytest.mark.parametrize(
    ("marked", "evaluated", "last", "expected"),
    [
        (100, [90, 100], 100, 100),
        (60, [50, 60], 60, 60),  # the training said that it left early
        (None, [80, 90], 90, 100),  # within one evaluation gap of the horizon
        (None, [70, 80], 80, 80),
        (None, [100], 100, 100),
        (None, [90], 90, 90),  # one evaluation shows no gap
        (None, [], 0, 0),
    ],
)
def test_steps_done_are_what_was_said_or_within_one_evaluation_gap(
    marked: int | None, evaluated: list[int], last: int, expected: int
) -> None:
    progress = Progress(last_step=last, done_step=marked, evaluated_steps=evaluated)
    assert done_steps(progress, last, 100) == expected
