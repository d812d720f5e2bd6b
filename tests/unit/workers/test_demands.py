"""What a training is asked, and which step every rank still has ahead."""

import pytest

from workers.demands import Demand, Pace, control_line, patience


def test_stop_step_lies_two_evaluations_ahead_of_a_slow_training() -> None:
    pace = Pace(0)
    pace.observe(100, now=0.0)
    pace.observe(110, now=10.0)
    assert pace.stop_step(evaluate_every_steps=10, max_train_steps=1000) == 130


def test_stop_step_lies_five_seconds_ahead_of_a_fast_training() -> None:
    pace = Pace(0)
    pace.observe(1000, now=0.0)
    pace.observe(3000, now=2.0)
    assert pace.stop_step(evaluate_every_steps=10, max_train_steps=10**6) == 3000 + 5000


def test_stop_step_never_lies_beyond_the_horizon() -> None:
    pace = Pace(990)
    assert pace.stop_step(evaluate_every_steps=10, max_train_steps=1000) == 1000


def test_step_seen_twice_does_not_slow_the_pace() -> None:
    pace = Pace(0)
    for step, now in ((100, 0.0), (200, 1.0), (200, 50.0)):
        pace.observe(step, now)
    assert pace.steps_per_second() == 100


def test_control_says_stop_or_cancel_and_nothing_for_those_that_are_ended() -> None:
    assert control_line(Demand.STOP, 7) == "stop after step 7"
    assert control_line(Demand.SHUTDOWN, 7) == "stop after step 7"
    assert control_line(Demand.CANCEL, 7) == "cancel"
    assert control_line(Demand.TIMEOUT, 7) is None
    assert control_line(Demand.DROP, 7) is None


@pytest.mark.parametrize("grace", [0.1, 20.0, 600.0])
def test_shutdown_is_over_before_the_grace_is(grace: float) -> None:
    wait = patience(Demand.SHUTDOWN, grace)
    assert wait.term_after_seconds + wait.kill_after_seconds < grace


def test_disowned_training_gets_no_time_at_all() -> None:
    wait = patience(Demand.DROP, 20.0)
    assert (wait.term_after_seconds, wait.kill_after_seconds) == (0.0, 0.0)
