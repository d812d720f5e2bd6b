"""What holds when things break: no training outlives its worker, no outage stops one."""

import signal
from pathlib import Path

import pytest

from tests.integration.workers.conftest import StartNode, StartProcess
from tests.integration.workers.ledger import Ledger, claim
from tests.integration.workers.programs import (
    FILES_ALONE,
    SDK,
    are_gone,
    is_alive,
    python,
    read_pids,
    stubborn,
    treats_term,
)
from tests.support.waiting import wait_until
from workers.locks import Patience, PlaceTaken, take_all

GRACE = {"grace_seconds": 0.5}


def running(tmp_path: Path) -> list[int]:
    state_dir = tmp_path / "state"
    wait_until(lambda: read_pids(state_dir), seconds=30, what="the training runs")
    return read_pids(state_dir)


def finished(ledger: Ledger, attempt: str) -> dict[str, object]:
    wait_until(lambda: attempt in ledger.finishes, seconds=30, what=f"{attempt} finished")
    return ledger.finishes[attempt]


def test_kill_of_the_supervisor_takes_the_training_with_it(
    ledger: Ledger, start_process: StartProcess, tmp_path: Path
) -> None:
    ledger.work.append(claim("a1", stubborn(), **GRACE))
    worker = start_process()
    pids = running(tmp_path)
    worker.kill()
    wait_until(lambda: are_gone(pids), seconds=30, what="training and its child are gone")


def test_frozen_supervisor_loses_its_training_at_the_deadline(
    ledger: Ledger, start_process: StartProcess, tmp_path: Path
) -> None:
    ledger.work.append(claim("a1", stubborn(), silence_seconds=3.0, **GRACE))
    worker = start_process()
    pids = running(tmp_path)
    wait_until(lambda: len(ledger.heartbeats) > 1, seconds=30, what="the deadline was renewed")
    worker.send_signal(signal.SIGSTOP)
    wait_until(lambda: are_gone(pids), seconds=30, what="training and its child are gone")
    worker.send_signal(signal.SIGCONT)
    assert finished(ledger, "a1")["outcome"] == "preempted"


def test_slot_of_a_killed_worker_stays_locked_until_its_training_has_ended(
    ledger: Ledger, start_process: StartProcess, start_node: StartNode, tmp_path: Path
) -> None:
    ledger.work += [claim("a1", stubborn(), grace_seconds=3.0), claim("a2", python(FILES_ALONE))]
    worker = start_process()
    pids = running(tmp_path)
    worker.kill()
    worker.wait()
    with pytest.raises(PlaceTaken):
        take_all({"slot": tmp_path / "state" / "slots" / "0.lock"}, Patience(seconds=0.0))
    assert all(map(is_alive, pids))
    start_node()  # same state folder: waits for the keeper
    assert are_gone(pids)
    assert finished(ledger, "a2")["outcome"] == "completed"


def test_outage_of_the_service_stops_no_training_and_loses_no_report(
    ledger: Ledger, start_node: StartNode
) -> None:
    ledger.work.append(claim("a1", python(SDK, pause=0.1)))
    start_node()
    wait_until(lambda: ledger.steps("a1"), seconds=30, what="first reports")
    ledger.is_silent = True
    wait_until(
        lambda: ledger.unanswered >= 8,
        seconds=30,
        what="several heartbeats and posts without answer",
    )
    ledger.is_silent = False
    end = finished(ledger, "a1")
    assert (end["outcome"], end["last_step"]) == ("completed", 20)
    assert ledger.steps("a1") == list(range(1, 21))


def test_training_that_ends_during_an_outage_is_reported_after_it(
    ledger: Ledger, start_node: StartNode, tmp_path: Path
) -> None:
    ledger.work.append(claim("a1", python(FILES_ALONE, pause=0.05)))
    start_node()
    wait_until(lambda: ledger.steps("a1"), seconds=30, what="first reports")
    ledger.is_silent = True
    reports = tmp_path / "state" / "trials" / "a1" / "reports.jsonl"
    wait_until(
        lambda: reports.read_text().count("\n") == 20, seconds=30, what="the training has ended"
    )
    unanswered = ledger.unanswered
    wait_until(
        lambda: ledger.unanswered > unanswered + 1, seconds=30, what="the worker still tries"
    )
    ledger.is_silent = False
    assert finished(ledger, "a1")["outcome"] == "completed"
    assert ledger.steps("a1") == list(range(1, 21))


def test_silence_beyond_the_limit_asks_the_training_to_checkpoint_and_end(
    ledger: Ledger, start_node: StartNode, tmp_path: Path
) -> None:
    work = claim("a1", python(SDK, pause=0.1), max_train_steps=10**6, silence_seconds=1.0)
    ledger.work.append(work)
    start_node()
    wait_until(lambda: ledger.checkpoints, seconds=30, what="first checkpoint")
    ledger.is_silent = True
    control = tmp_path / "state" / "trials" / "a1" / "control"
    wait_until(control.exists, seconds=30, what="control is written")
    assert control.read_text().startswith("stop after step ")
    ledger.is_silent = False
    end = finished(ledger, "a1")
    assert (end["outcome"], end["reason"]) == ("preempted", "preempted")
    assert ledger.checkpoints[-1]["step"] == end["last_step"]


def test_stop_makes_the_training_checkpoint_and_the_attempt_preempted(
    ledger: Ledger, start_node: StartNode
) -> None:
    ledger.work.append(claim("a1", python(SDK, pause=0.02), max_train_steps=10**6))
    start_node()
    wait_until(lambda: ledger.checkpoints, seconds=30, what="first checkpoint")
    ledger.command = "stop"
    end = finished(ledger, "a1")
    assert (end["outcome"], end["exit_code"]) == ("preempted", 0)
    assert ledger.checkpoints[-1]["step"] == end["last_step"] == ledger.steps("a1")[-1]


def test_training_that_does_not_listen_to_stop_is_ended_after_the_grace(
    ledger: Ledger, start_node: StartNode, tmp_path: Path
) -> None:
    ledger.work.append(claim("a1", stubborn(), **GRACE))
    start_node()
    pids = running(tmp_path)
    ledger.command = "stop"
    assert finished(ledger, "a1")["outcome"] == "preempted"
    assert are_gone(pids)


def test_cancel_ends_the_training_down_to_its_children(
    ledger: Ledger, start_node: StartNode, tmp_path: Path
) -> None:
    ledger.work.append(claim("a1", stubborn(), **GRACE))
    start_node()
    pids = running(tmp_path)
    ledger.command = "cancel"
    end = finished(ledger, "a1")
    assert (end["outcome"], end["reason"]) == ("cancelled", "cancelled")
    assert are_gone(pids)


def test_timeout_fails_the_attempt(ledger: Ledger, start_node: StartNode, tmp_path: Path) -> None:
    job: dict[str, object] = {
        "command": stubborn(),
        "directory": None,
        "env": {},
        "timeout_seconds": 1.0,
    }
    ledger.work.append(claim("a1", [], job=job, **GRACE))
    start_node()
    pids = running(tmp_path)
    end = finished(ledger, "a1")
    assert (end["outcome"], end["reason"]) == ("failed", "timed_out")
    assert are_gone(pids)


def test_stale_attempt_is_killed_at_once_and_says_nothing_more(
    ledger: Ledger, start_node: StartNode, tmp_path: Path
) -> None:
    ledger.work.append(claim("a1", stubborn(), grace_seconds=600.0))
    start_node()
    pids = running(tmp_path)
    ledger.stale.add("a1")
    wait_until(lambda: are_gone(pids), seconds=30, what="training and its child are gone")
    ledger.work.append(claim("a2", python(FILES_ALONE)))
    assert finished(ledger, "a2")["outcome"] == "completed"
    assert "a1" not in ledger.finishes


def test_term_makes_the_worker_release_its_attempt_as_preempted_and_exit_zero(
    ledger: Ledger, start_process: StartProcess
) -> None:
    ledger.work.append(claim("a1", python(SDK, pause=0.02), max_train_steps=10**6))
    worker = start_process()
    wait_until(lambda: ledger.checkpoints, seconds=30, what="first checkpoint")
    worker.send_signal(signal.SIGTERM)
    end = finished(ledger, "a1")
    assert (end["outcome"], end["exit_code"]) == ("preempted", 0)
    assert worker.wait(30) == 0


def test_worker_whose_training_ignores_the_stop_still_releases_it_as_preempted(
    ledger: Ledger, start_process: StartProcess, tmp_path: Path
) -> None:
    ledger.work.append(claim("a1", stubborn()))
    worker = start_process()
    pids = running(tmp_path)
    worker.send_signal(signal.SIGINT)
    assert finished(ledger, "a1")["outcome"] == "preempted"
    assert worker.wait(30) == 0
    assert are_gone(pids)


def test_second_signal_kills_at_once(
    ledger: Ledger, start_process: StartProcess, tmp_path: Path
) -> None:
    ledger.work.append(claim("a1", stubborn(), grace_seconds=600.0))
    worker = start_process()
    pids = running(tmp_path)
    worker.send_signal(signal.SIGTERM)
    control = tmp_path / "state" / "trials" / "a1" / "control"
    wait_until(control.exists, seconds=30, what="the first signal was heard")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) != 0
    wait_until(lambda: are_gone(pids), seconds=30, what="training and its child are gone")


def test_hangup_changes_nothing(ledger: Ledger, start_process: StartProcess) -> None:
    ledger.work.append(claim("a1", python(FILES_ALONE, pause=0.1)))
    worker = start_process()
    wait_until(lambda: ledger.steps("a1"), seconds=30, what="first reports")
    worker.send_signal(signal.SIGHUP)
    assert finished(ledger, "a1")["outcome"] == "completed"
    assert worker.poll() is None


def test_second_worker_on_the_same_state_folder_is_refused(
    start_node: StartNode, tmp_path: Path
) -> None:
    start_node()
    with pytest.raises(PlaceTaken, match="slot 0"):
        take_all({"slot 0": tmp_path / "state" / "slots" / "0.lock"}, Patience(seconds=0.2))


def test_a_worker_that_waits_for_its_slot_ends_when_told_to(
    start_node: StartNode, start_process: StartProcess
) -> None:
    start_node()
    waiting = start_process()
    wait_until(
        lambda: treats_term(waiting.pid, "SigCgt"), seconds=30, what="a worker that hears signals"
    )
    waiting.send_signal(signal.SIGTERM)
    assert waiting.wait(Patience().seconds / 2) == 0
