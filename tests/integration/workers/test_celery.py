"""The same worker, woken by Celery over a real Redis that comes and goes."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import redis

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

# `paceline worker --broker`, as above.
OWN_COMMAND = WITHOUT_SWEEP.replace("celery.__main__", "paceline.cli.main")
SHAPES = ("gpu-2", "gpu-1", "cpu")

StartCelery = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start_celery(
    ledger: Ledger, redis_server: RedisServer, tmp_path: Path
) -> Iterator[StartCelery]:
    """Starts `celery -A workers.celery_app worker`, or whatever is said instead; at the end those
    that live are killed."""
    workers: list[subprocess.Popen[str]] = []

    def start(*said: str, program: str = WITHOUT_SWEEP, **more: str) -> subprocess.Popen[str]:
        variables = {
            "PACELINE_URL": ledger.url,
            "PACELINE_TOKEN": TOKEN,
            "PACELINE_ROOT": str(tmp_path),
            "PACELINE_STATE_DIR": str(tmp_path / "state"),
            "PACELINE_LOCK_DIR": str(tmp_path / "locks"),
            "PACELINE_ALLOW_COMMANDS": "true",
            "PACELINE_BROKER": redis_server.url,
            **more,
        }
        worker = subprocess.Popen(
            [sys.executable, "-c", program, *(said or celery("-P", "threads", "-Q", "cpu"))],
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


def celery(*words: str) -> tuple[str, ...]:
    """The words of Celery's own command."""
    return ("-A", "workers.celery_app", "worker", "--loglevel=WARNING", *words)


def wake_until(
    sender: WakeUpSender, is_done: Callable[[], object], what: str, queue: str = "cpu"
) -> None:
    """Ring again and again, as the conductor's sweep does."""

    def rung() -> object:
        try:
            sender.wake(queue)
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


@pytest.mark.parametrize(
    "launch",
    [
        (OWN_COMMAND, ("worker", "--gpus-per-slot", "2,1,1", "--slots", "1"), {}),
        # Celery replaces `-P prefork`, its default, by the pool that the app names: threads.
        (WITHOUT_SWEEP, celery("-P", "prefork", "-Q", "gpu-2,gpu-1,cpu"), {}),
        (
            WITHOUT_SWEEP,
            celery("-P", "threads", "-Q", "cpu,gpu-1,gpu-2"),
            {"PACELINE_GPUS_PER_SLOT": "2,1,1", "PACELINE_SLOTS": "1"},
        ),
    ],
    ids=["paceline worker", "slots made of -Q, prefork named", "slots said"],
)
def test_each_queue_of_the_slots_wakes_them_and_no_other_is_claimed_from(
    ledger: Ledger,
    start_celery: StartCelery,
    redis_server: RedisServer,
    tmp_path: Path,
    launch: tuple[str, tuple[str, ...], dict[str, str]],
) -> None:
    program, said, more = launch
    gpus = tmp_path / "gpus.json"
    gpus.write_text(json.dumps([{"id": f"GPU-{number}"} for number in range(4)]))
    worker = start_celery(*said, program=program, PACELINE_SIMULATED_GPUS=str(gpus), **more)
    idle(ledger, worker)
    sender = WakeUpSender(redis_server.url)
    for queue in SHAPES:
        ledger.work.append(claim(f"for-{queue}", python(FILES_ALONE)))
        wake_until(sender, partial(ledger.finishes.get, f"for-{queue}"), queue, queue)
    sender.close()
    with redis.Redis.from_url(redis_server.url) as broker:
        wait_until(lambda: not any(map(broker.llen, SHAPES)), seconds=30, what="all are heard")
    (offered,) = [registration["slots"] for registration in ledger.registrations]
    slots = {(slot["slot"], slot["queue"], slot["gpus"]) for slot in offered}
    assert {queue for _, queue, _ in slots} == set(SHAPES)
    assert all(queue == (f"gpu-{gpus}" if gpus else "cpu") for _, queue, gpus in slots)
    wait_until(lambda: len({claimed["slot"] for claimed in ledger.claims}) == len(slots))
    assert slots == {(c["slot"], c["queue"], c["offers"]["gpus"]) for c in ledger.claims}


@pytest.mark.parametrize(
    ("words", "more", "advice"),
    [
        ("-P solo -Q cpu", {}, "the pool solo.*-P threads -c 1"),
        ("-P processes -Q cpu", {}, "the pool prefork.*-P threads -c 1"),
        ("-P threads -c 2 -Q cpu", {}, "concurrency 2.*-P threads -c 1"),
        ("-P threads -Q cpu --autoscale 3,1", {}, "autoscaling.*-P threads -c 1"),
        ("-P threads", {}, "-Q celery.*-Q cpu"),
        ("-P threads -Q gpu-1", {"PACELINE_QUEUE": "cpu"}, "start it with -Q cpu"),
        ("-P threads -Q gpu-2", {"PACELINE_GPUS_PER_SLOT": "2,1"}, "-Q gpu-2,gpu-1"),
        ("-P threads -Q gpu-2", {"PACELINE_GPUS_PER_SLOT": "two"}, "setting gpus_per_slot"),
    ],
)
def test_what_cannot_work_is_refused_with_the_words_to_type(
    start_celery: StartCelery, ledger: Ledger, words: str, more: dict[str, str], advice: str
) -> None:
    worker = start_celery(*celery(*words.split()), **more)
    said, _ = worker.communicate(timeout=120)
    assert worker.returncode == 2, said
    assert len(re.findall(advice, said)) == 1, said
    assert not ledger.registrations
    assert "Traceback" not in said


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
