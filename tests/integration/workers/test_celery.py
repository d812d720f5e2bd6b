"""The same worker, woken by Celery over a real Redis that comes and goes."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.queue.wake import WakeUpNotSent, WakeUpSender
from tests.integration.workers.conftest import REPOSITORY
from tests.integration.workers.ledger import TOKEN, Ledger, claim
from tests.integration.workers.programs import FILES_ALONE, SDK, python
from tests.support.redis import RedisServer
from tests.support.waiting import free_port, wait_until

# `celery` on a worker that never looks for work by itself: only wake-ups can make it claim.
WITHOUT_SWEEP = """
import workers.slot
workers.slot.SWEEP_SECONDS = 3600.0
from celery.__main__ import main
main()
"""

StartCelery = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start_celery(
    ledger: Ledger, redis_server: RedisServer, tmp_path: Path
) -> Iterator[StartCelery]:
    """Starts `celery -A workers.celery_app worker`; at the end those that live are killed."""
    workers: list[subprocess.Popen[str]] = []

    def start(pool: str = "threads") -> subprocess.Popen[str]:
        variables = {
            "PACELINE_URL": ledger.url,
            "PACELINE_TOKEN": TOKEN,
            "PACELINE_ROOT": str(tmp_path),
            "PACELINE_STATE_DIR": str(tmp_path / "state"),
            "PACELINE_LOCK_DIR": str(tmp_path / "locks"),
            "PACELINE_ALLOW_COMMANDS": "true",
            "PACELINE_BROKER": redis_server.url,
        }
        program = [sys.executable, "-c", WITHOUT_SWEEP, "-A", "workers.celery_app", "worker"]
        worker = subprocess.Popen(
            [*program, "-P", pool, "-c", "1", "-Q", "cpu", "--loglevel=WARNING"],
            cwd=REPOSITORY,
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        worker.kill()
        worker.communicate()


def wake_until(sender: WakeUpSender, is_done: Callable[[], object], what: str) -> None:
    """Ring again and again, as the conductor's sweep does."""

    def rung() -> object:
        try:
            sender.wake("cpu")
        except WakeUpNotSent:
            return False
        return is_done()

    wait_until(rung, seconds=30, every=0.2, what=what)


def idle(ledger: Ledger, worker: subprocess.Popen[str]) -> None:
    wait_until(lambda: ledger.claims or worker.poll() is not None, seconds=30, what="first claim")
    assert worker.poll() is None, worker.communicate()[0]


def test_wake_up_makes_the_idle_worker_claim(
    ledger: Ledger, start_celery: StartCelery, redis_server: RedisServer
) -> None:
    worker = start_celery()
    idle(ledger, worker)
    assert ledger.claims[0]["wait_seconds"] == 0
    ledger.work.append(claim("a1", python(FILES_ALONE)))
    sender = WakeUpSender(redis_server.url)
    wake_until(sender, lambda: "a1" in ledger.finishes, "the attempt is finished")
    assert ledger.finishes["a1"]["outcome"] == "completed"
    sender.close()


def test_training_outlives_the_death_of_redis_and_wake_ups_arrive_after_it(
    ledger: Ledger, start_celery: StartCelery, redis_server: RedisServer
) -> None:
    worker = start_celery()
    idle(ledger, worker)
    ledger.work.append(claim("a1", python(FILES_ALONE, pause=0.1)))
    sender = WakeUpSender(redis_server.url)
    wake_until(sender, lambda: ledger.steps("a1"), "the training runs")
    redis_server.kill()
    with pytest.raises(WakeUpNotSent):
        sender.wake("cpu")
    wait_until(lambda: "a1" in ledger.finishes, seconds=30, what="a1 finished without Redis")
    assert ledger.finishes["a1"]["outcome"] == "completed"
    redis_server.start()
    ledger.work.append(claim("a2", python(FILES_ALONE)))
    wake_until(sender, lambda: "a2" in ledger.finishes, "a2 finished")
    sender.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_reaches_the_training_and_the_worker_exits_zero(
    ledger: Ledger, start_celery: StartCelery, redis_server: RedisServer, number: int
) -> None:
    worker = start_celery()
    idle(ledger, worker)
    ledger.work.append(claim("a1", python(SDK, pause=0.02), max_train_steps=10**6))
    sender = WakeUpSender(redis_server.url)
    wake_until(sender, lambda: ledger.checkpoints, "first checkpoint")
    sender.close()
    worker.send_signal(number)
    wait_until(lambda: "a1" in ledger.finishes, seconds=30, what="a1 released")
    assert ledger.finishes["a1"]["outcome"] == "preempted"
    assert worker.wait(30) == 0


def test_other_pool_is_refused_with_the_line_to_type(start_celery: StartCelery) -> None:
    worker = start_celery(pool="solo")
    said, _ = worker.communicate(timeout=60)
    assert worker.returncode != 0
    assert "-P threads" in said


def test_broker_that_is_not_there_is_told_within_seconds() -> None:
    sender = WakeUpSender(f"redis://127.0.0.1:{free_port()}/0")
    failures: list[Exception] = []

    def send() -> None:
        try:
            sender.wake("cpu")
        except WakeUpNotSent as error:
            failures.append(error)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    thread.join(30)
    assert [type(error) for error in failures] == [WakeUpNotSent]
    sender.close()
