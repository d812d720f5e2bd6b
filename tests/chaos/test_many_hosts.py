"""Several machines: two API processes and two conductors on one host, PostgreSQL on another, three
worker hosts with two slots each; cables are pulled between them while studies run.
"""

import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from app.db.advisory import CONDUCTOR, MOST_IDLE_SECONDS
from app.db.dead_links import CONNECT_SECONDS, SILENT_SECONDS
from paceline.client import Client, ClientError
from tests.chaos import figures, invariants
from tests.chaos.amount import amount
from tests.chaos.moments import let_pass
from tests.chaos.network.proxy import Faults, proxy_before
from tests.chaos.network.verdicts import ends_of
from tests.chaos.network.world import API, DATABASE, SECOND, WORKERS, Network, make_network
from tests.chaos.test_frozen_workers import ended, held_by
from tests.chaos.world import Member
from tests.e2e.processes import LEASE_SECONDS
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

LATE = Faults(delay_seconds=0.1, jitter_seconds=0.2)
# The pool's wait, a statement on the dead link, and a new connection; more for a busy machine.
BOUND_SECONDS = 3 * (SILENT_SECONDS + CONNECT_SECONDS) + 15
LEADER = """SELECT host(a.client_addr) FROM pg_locks l
    JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.objid = %s AND l.granted"""


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    with make_network(tmp_path) as network:
        network.start(apis=2, conductors=2, workers=0)
        yield network


def add_workers(network: Network, url: str = "") -> None:
    """One that asks again and again, and two that Redis wakes."""
    for _ in range(WORKERS):
        network.add_worker("--slots", "2", broker=len(network.workers) > 0, url=url)


def partition(network: Network, chance: random.Random) -> str:
    """Cut one or two hosts off, or silence the API towards one, for 0.5 to 5 leases."""
    kind = chance.choice(["worker", "workers", "database", "api", "answers", "requests"])
    seconds, places = chance.uniform(0.5, 5) * LEASE_SECONDS, network.places
    struck = [member.name for member in chance.sample(network.workers, 1 + (kind == "workers"))]
    if kind in ("answers", "requests"):
        ends = (API, struck[0]) if kind == "answers" else (struck[0], API)
        places.silence(*ends)
        let_pass(seconds)
        places.unsilence(*ends)
        return kind
    cut = {"database": [DATABASE], "api": [API]}.get(kind, struck)
    for name in cut:
        places.cut(name)
    let_pass(seconds)
    for name in cut:
        places.mend(name)
    return kind


def test_partitions_between_hosts_lose_nothing(network: Network, seed: int) -> None:
    chance = random.Random(seed)
    add_workers(network)
    network.trainer.pause(0.1)
    partitions = amount(full=24, part=6)
    study = network.post_study(trials=12 + 8 * partitions)
    for _ in range(partitions):
        partition(network, chance)
        let_pass(chance.uniform(0.5, 3))
    assert network.revive() == [], "a process ended because of the network"
    network.trainer.pause(0.0)
    network.until_settled(study, seconds=600)
    (history,) = invariants.check(network, [study])
    ends = ends_of(history)
    figures.record(
        "several hosts: cables pulled 0.5-5 leases (worker, API, database, one direction)",
        faults=partitions,
        trials=len(history.trials),
        attempts=ends.total(),
        taken_over=ends["lost"],
    )


def test_workers_behind_a_slow_link_with_resets(network: Network, seed: int) -> None:
    """200 ms of jitter on all that worker hosts ask, and every connection reset again and again."""
    chance = random.Random(seed)
    before, here = network.api_url(network.ports[0]), network.places.here
    with proxy_before(before, seed=seed, listen=here) as proxy:
        proxy.faults = LATE
        add_workers(network, proxy.url)
        network.trainer.pause(0.1)
        study = network.post_study(trials=16)
        resets = 0
        for _ in range(amount(full=20, part=3)):
            let_pass(chance.uniform(0.3, 1.5))
            resets += proxy.reset_all()
        network.trainer.pause(0.0)
        network.until_settled(study)
    (history,) = invariants.check(network, [study])
    assert resets > 0
    figures.record(
        "several hosts: 200 ms jitter and resets",
        faults=resets,
        trials=len(history.trials),
        attempts=ends_of(history).total(),
    )


def test_a_worker_that_was_cut_off_kills_what_a_successor_has(network: Network) -> None:
    add_workers(network)
    network.trainer.pause(0.5)
    study = network.post_study(trials=5)  # six slots: one is free to take over
    member = network.workers[0]
    attempt = attempt_of(network, member)
    network.places.cut(member.name)
    state = wait_until(lambda: ended(network, attempt), seconds=60, what="a successor")
    assert state == "lost"
    assert trains(network, attempt), "cut off, it trains on until it hears of its successor"
    network.places.mend(member.name)
    wait_until(lambda: not trains(network, attempt), seconds=60, what="its training to be killed")
    network.trainer.pause(0.0)
    network.until_settled(study)
    invariants.check(network, [study])


def attempt_of(network: Network, member: Member) -> str:
    """An attempt that the worker holds, once its training runs."""
    attempt = wait_until(lambda: held_by(network, member), seconds=60, what="an attempt")
    assert attempt is not None
    wait_until(lambda: trains(network, attempt), seconds=60, what="its training to run")
    return attempt


def trains(network: Network, attempt: str) -> bool:
    """Whether a training of this attempt is alive."""
    found = invariants.trainings(network)
    return any(attempt.encode() in environment_of(pid) for pid in found)


def environment_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:  # it ended meanwhile
        return b""


def test_the_api_fails_in_bounded_time_and_lives_while_its_database_is_cut_off(
    network: Network,
) -> None:
    url = network.api_url(network.ports[0])
    with Client(url, timeout=2 * BOUND_SECONDS) as client:
        client.get("/readyz")
        network.places.cut(DATABASE)
        began = time.monotonic()
        with pytest.raises(ClientError, match="503"):
            client.get("/readyz")
        waited = time.monotonic() - began
        client.get("/healthz")
        network.places.mend(DATABASE)
        wait_until(lambda: is_ready(client), seconds=60, what="the API to be back")
    assert waited < BOUND_SECONDS
    figures.record(
        "several hosts: database cut off, answer 503", faults=1, seconds=round(waited, 1)
    )


def is_ready(client: Client) -> bool:
    try:
        client.get("/readyz")
    except ClientError:
        return False
    return True


def test_the_other_conductor_leads_when_the_first_is_cut_off(network: Network) -> None:
    """The leader's host vanishes; the server lets go of its lock, and the other takes it."""
    address = wait_until(lambda: leader(network), seconds=60, what="a leader")
    places = network.places
    (host,) = [name for name in (API, SECOND) if places.address(name) == address]
    began = time.monotonic()
    places.cut(host)
    wait_until(lambda: leader(network) not in (None, address), seconds=90, what="another leader")
    waited = time.monotonic() - began
    places.mend(host)
    assert network.revive() == [], "a process ended because of the network"
    assert waited < MOST_IDLE_SECONDS - SILENT_SECONDS, "as if the leader were frozen"
    figures.record(
        "several hosts: leading conductor cut off, the other leads",
        faults=1,
        seconds=round(waited, 1),
    )


def leader(network: Network) -> str | None:
    """The address of the conductor that the server holds for the leader."""
    with psycopg.connect(network.database_url, connect_timeout=5) as session:
        row = session.execute(LEADER.encode(), [CONDUCTOR]).fetchone()
    return str(row[0]) if row else None


def test_beyond_the_silence_limit_a_training_ends_by_itself(tmp_path: Path) -> None:
    """The worker ends it while it is cut off; the keeper does where the worker is frozen."""
    silence = 6.0
    with make_network(tmp_path, PACELINE_SILENCE_SECONDS=str(silence)) as network:
        network.start(apis=2, conductors=2, workers=0)
        add_workers(network)
        network.trainer.pause(2.0)
        study = network.post_study(trials=4)
        waits = [ends_when(network, network.workers[0], "cut", silence)]
        waits.append(ends_when(network, network.workers[1], "frozen", silence))
        network.trainer.pause(0.0)
        network.until_settled(study)
        invariants.check(network, [study])
    figures.record(
        "several hosts: beyond the silence limit (6 s): own end, keeper's end",
        faults=2,
        seconds=" and ".join(f"{wait:.1f}" for wait in waits),
    )


def ends_when(network: Network, member: Member, how: str, silence: float) -> float:
    """Seconds from the fault until the training that the worker held was gone."""
    attempt = attempt_of(network, member)
    began = time.monotonic()
    network.places.cut(member.name) if how == "cut" else member.signal(signal.SIGSTOP)
    try:
        gone = f"the training of a worker that is {how} to end"
        wait_until(lambda: not trains(network, attempt), seconds=90, what=gone)
        waited = time.monotonic() - began
        by_itself = "training asked to end" in member.process.log
        assert by_itself == (how == "cut"), "who ended it: the worker, or its keeper?"
    finally:
        network.places.mend(member.name)
        member.signal(signal.SIGCONT)
    assert waited > silence - LEASE_SECONDS, "ended before it was told to be silent for too long"
    return waited
