"""Redis killed, emptied, frozen, full: it carries wake-ups only, so nothing is lost or doubled, no
request waits for it, and the next wake-up after the fault starts a trial again."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import redis

from app.queue.wake import WakeUpSender
from tests.chaos import figures, invariants
from tests.chaos.amount import amount
from tests.chaos.history import History
from tests.chaos.moments import let_pass
from tests.chaos.test_database_faults import no_training_was_stopped
from tests.chaos.witness import Witness
from tests.chaos.world import World
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

Fault = Callable[[World], Iterator[None]]
TRIALS = 2


def killed(world: World) -> Iterator[None]:
    world.redis.kill()
    yield
    world.redis.start()


def emptied(world: World) -> Iterator[None]:
    with redis.Redis.from_url(world.redis.url) as client:
        client.flushall()
        yield
        client.flushall()


def frozen(world: World) -> Iterator[None]:
    world.redis.signal(signal.SIGSTOP)
    try:
        yield
        let_pass(amount(full=60, part=6))
    finally:
        world.redis.signal(signal.SIGCONT)


def full(world: World) -> Iterator[None]:
    """No memory left just when workers take a message, which Celery then wants to write down."""
    sender = WakeUpSender(world.redis.url)
    with redis.Redis.from_url(world.redis.url) as client:
        for worker in world.workers:
            worker.signal(signal.SIGSTOP)
        for _ in range(2 * len(world.workers)):
            sender.wake("cpu")
        sender.close()
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "1")
        for worker in world.workers:
            worker.signal(signal.SIGCONT)
        yield
        client.config_set("maxmemory", "0")


FAULTS: dict[str, Fault] = {"killed": killed, "emptied": emptied, "frozen": frozen, "full": full}


def first_claim_seconds(world: World) -> tuple[str, float]:
    """Post a study; the id, and how long until its first trial runs."""
    study = world.post_study(trials=TRIALS, autopilot="off")
    began = time.monotonic()
    client = world.service.client
    path = f"/v1/studies/{study}/trials"

    def is_claimed() -> bool:
        return any(t["state"] != "waiting" for t in client.get(path)["items"])

    wait_until(is_claimed, seconds=90, what="a claim")
    return study, time.monotonic() - began


def attempts_of(histories: list[History]) -> int:
    return sum(len(trial["attempts"]) for history in histories for trial in history.trials)


def test_a_broker_that_fails_loses_nothing_and_holds_up_no_request(world: World) -> None:
    world.start(apis=1, conductors=1, workers=2)
    world.trainer.pause(0.03)
    witness = Witness(world).start()
    claimed: dict[str, float] = {}
    studies: list[str] = []
    rounds = amount(full=5, part=1)
    for _ in range(rounds):
        for name, fault in FAULTS.items():
            running = world.post_study(trials=TRIALS, autopilot="off")
            with contextmanager(fault)(world):
                during, _ = first_claim_seconds(world)
                let_pass(0.5)
            after, seconds = first_claim_seconds(world)
            claimed[name] = max(claimed.get(name, 0.0), seconds)
            studies += [running, during, after]
    for study in studies:
        world.until_settled(study)
    witness.stop().check()
    assert set(witness.answers) == {"ok"}, f"a request met the broker's fault: {witness.answers}"
    assert world.revive() == [], "a process ended because of the broker"
    histories = invariants.check(world, studies)
    for history in histories:
        no_training_was_stopped(history)
    figures.record(
        "Redis killed, emptied, frozen, full",
        faults=rounds * len(FAULTS),
        trials=TRIALS * len(studies),
        attempts=attempts_of(histories),
        slowest_request_seconds=round(witness.slowest_seconds, 2),
        claim_seconds_after={name: round(seconds, 2) for name, seconds in claimed.items()},
    )
