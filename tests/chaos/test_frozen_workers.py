"""Workers that are frozen beyond their lease and wake up again: zombies, whose every late write
must be refused and whose trainings must end.
"""

import os
import random
import signal
import urllib.request
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from tests.chaos import figures, invariants
from tests.chaos.amount import amount
from tests.chaos.ledger import read_ledger
from tests.chaos.moments import let_pass
from tests.chaos.supply import see_training
from tests.chaos.world import Member, World, descendants
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

HELD = """SELECT a.id FROM attempts a JOIN workers w ON w.id = a.worker
    WHERE w.name = %s AND a.state IN ('leased', 'running')"""
FENCED = "paceline_fenced_writes_total"
ENDED = "SELECT state FROM attempts WHERE id = %s AND state NOT IN ('leased', 'running')"


def held_by(world: World, member: Member) -> str | None:
    """The attempt that this worker holds now."""
    with psycopg.connect(world.database_url) as session:
        row = session.execute(HELD.encode(), [member.name]).fetchone()
    return str(row[0]) if row else None


def ended(world: World, attempt: str) -> str | None:
    """Its state once it holds nothing any more."""
    with psycopg.connect(world.database_url) as session:
        row = session.execute(ENDED.encode(), [attempt]).fetchone()
    return str(row[0]) if row else None


def freeze_until_succeeded(world: World, member: Member, *, whole: bool) -> bool:
    """Freeze a worker until somebody else holds what it held; whether that happened before the
    attempt could end by itself (its finish may have been on its way when the worker froze)."""
    frozen = freeze(member, whole=whole)
    attempt = held_by(world, member)
    try:
        if attempt is None:
            return False
        state = wait_until(lambda: ended(world, attempt), seconds=60, what="a successor")
    finally:
        for pid in frozen:
            signal_if_there(pid, signal.SIGCONT)
    wait_until(lambda: not trains(world, attempt), seconds=60, what="the zombie's training to end")
    return state == "lost"


def trains(world: World, attempt: str) -> bool:
    """Whether a training of this attempt is still at work, by what it wrote down itself."""
    entries = read_ledger(world.trainer.ledger)
    pids = {entry.pid for entry in entries if entry.attempt == attempt}
    return any(Path(f"/proc/{pid}").exists() for pid in pids)


def fenced_writes(world: World) -> int:
    """How many writes the API refused because the attempt had another holder by then."""
    token = world.token_file.read_text().strip()
    asked = urllib.request.Request(
        f"{world.service.url}/metrics", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(asked, timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return sum(int(float(line.split()[-1])) for line in lines if line.startswith(FENCED))


def freeze(member: Member, *, whole: bool) -> list[int]:
    """Stop the worker's process, and with `whole` its keepers and trainings too."""
    pid = member.process.popen.pid
    frozen = [pid, *(descendants(pid) if whole else [])]
    for each in frozen:
        signal_if_there(each, signal.SIGSTOP)
    return frozen


def signal_if_there(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def test_frozen_workers_wake_up_as_strangers(world: World, seed: int) -> None:
    chance = random.Random(seed)
    world.start(workers=4)
    world.trainer.pause(0.05)
    freezes = amount(full=100, part=3)
    studies: list[str] = []
    taken_over = 0
    while taken_over < freezes:
        see_training(world, studies, trials=16)
        let_pass(chance.uniform(0.0, 1.0))
        member = chance.choice(world.workers)
        taken_over += freeze_until_succeeded(world, member, whole=chance.random() < 0.5)
        world.revive()
    world.trainer.pause(0.0)
    for study in studies:
        world.until_settled(study)
    histories = invariants.check(world, studies)
    refused = fenced_writes(world)
    assert refused > 0, f"{freezes} zombies woke up and none of their writes was refused"
    trials = [trial for history in histories for trial in history.trials]
    figures.record(
        "SIGSTOP beyond the lease",
        faults=freezes,
        trials=len(trials),
        attempts=sum(len(trial["attempts"]) for trial in trials),
        lost=0,
        doubled=0,
        writes_refused=refused,
    )
