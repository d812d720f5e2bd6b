"""The speed of attempts: from their first report to their last."""

import pytest

from app.domain.pace import LEAST_SECONDS, Pace, heard, seconds_per_step


def test_start_up_does_not_count() -> None:
    """The first report comes at second 100, whatever happened before."""
    pace = heard(heard(heard(None, 10, 100.0), 20, 110.0), 30, 120.0)
    assert pace == Pace(10, 100.0, 30, 120.0)
    assert seconds_per_step([pace]) == 1.0


def test_what_comes_again_moves_nothing() -> None:
    pace = heard(heard(None, 10, 100.0), 20, 110.0)
    assert heard(pace, 20, 500.0) == pace
    assert heard(pace, 5, 500.0) == pace


def test_attempts_of_a_trial_count_together_without_the_time_between_them() -> None:
    first, second = Pace(0, 0.0, 10, 10.0), Pace(10, 1000.0, 40, 1020.0)
    assert seconds_per_step([first, second]) == 0.75


@pytest.mark.parametrize("seconds", [0.0, LEAST_SECONDS - 0.1])
def test_too_short_is_no_measurement(seconds: float) -> None:
    assert seconds_per_step([Pace(0, 0.0, 100, seconds)]) is None
    assert seconds_per_step([]) is None
    assert seconds_per_step([Pace(10, 0.0, 10, 60.0)]) is None
