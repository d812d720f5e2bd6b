"""Leases: when nothing may be taken over, and what a heartbeat is told."""

import pytest

from app.domain.leases import (
    Command,
    Timing,
    Watch,
    WorkerState,
    command_for,
    is_quiet,
    quiet_after_api,
    quiet_after_sweep,
)
from app.domain.states import AttemptState, StudyState

TIMING = Timing(lease_seconds=60.0, sweep_seconds=5.0)
NOW = 1000.0


@pytest.mark.parametrize(("ago", "quiet"), [(0.0, False), (10.0, False), (10.1, True)])
def test_it_is_quiet_while_no_api_was_seen_for_two_sweeps(ago: float, quiet: bool) -> None:
    assert is_quiet(Watch(api_seen_at=NOW - ago), NOW, TIMING) is quiet


def test_it_is_quiet_before_any_api_was_seen() -> None:
    assert is_quiet(Watch(), NOW, TIMING)


def test_an_api_that_comes_back_is_given_one_lease() -> None:
    assert quiet_after_api(Watch(api_seen_at=NOW - 10.1), NOW, TIMING) == NOW + 60.0
    assert quiet_after_api(Watch(api_seen_at=NOW - 9.9, quiet_until=7.0), NOW, TIMING) == 7.0


def test_a_gap_of_the_sweep_beyond_a_lease_is_given_one_lease() -> None:
    assert quiet_after_sweep(Watch(last_sweep_at=NOW - 60.1), NOW, TIMING) == NOW + 60.0
    assert quiet_after_sweep(Watch(last_sweep_at=NOW - 60.0, quiet_until=7.0), NOW, TIMING) == 7.0
    assert quiet_after_sweep(Watch(), NOW, TIMING) == NOW + 60.0


@pytest.mark.parametrize(
    ("attempt", "study", "worker", "is_stopped", "command"),
    [
        (AttemptState.RUNNING, StudyState.ACTIVE, None, False, Command.CONTINUE),
        (AttemptState.RUNNING, StudyState.COMPLETED, None, False, Command.CONTINUE),
        (AttemptState.RUNNING, StudyState.PAUSED, None, False, Command.STOP),
        (AttemptState.RUNNING, StudyState.ACTIVE, WorkerState.DRAINING, False, Command.STOP),
        (AttemptState.RUNNING, StudyState.ACTIVE, WorkerState.CORDONED, False, Command.CONTINUE),
        (AttemptState.RUNNING, StudyState.ACTIVE, None, True, Command.STOP),
        (AttemptState.RUNNING, StudyState.CANCELLED, None, True, Command.CANCEL),
        (AttemptState.CANCELLED, StudyState.ACTIVE, None, False, Command.CANCEL),
    ],
)
def test_a_heartbeat_is_told_what_study_worker_and_person_want(
    attempt: AttemptState,
    study: StudyState,
    worker: WorkerState | None,
    is_stopped: bool,
    command: Command,
) -> None:
    assert command_for(attempt, study, worker, is_stopped=is_stopped) is command
