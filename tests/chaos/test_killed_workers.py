"""kill -9 of workers and of whole nodes at random moments: nothing lost, nothing run twice, and
what they held is claimable again in time.
"""

import random
import time

import psycopg
import pytest

from tests.chaos import figures, invariants
from tests.chaos.amount import WHOLE, amount
from tests.chaos.moments import let_pass
from tests.chaos.world import Member, World, kill_node
from tests.e2e.processes import LEASE_SECONDS, QUICK

pytestmark = pytest.mark.slow

PROMISED_SECONDS = LEASE_SECONDS + float(QUICK["PACELINE_SWEEP_SECONDS"]) + 5
FRESH = 0.25  # so often a stranger takes the place of the dead, else it comes back under its name
LOADED = 4  # this many times later on a machine that runs other tests beside this one
FREED = """SELECT least(a.claimable_at, a.ended_at)
    FROM attempts a JOIN workers w ON w.id = a.worker
    WHERE w.name = %s AND a.state = 'lost' AND a.started_at <= %s AND a.ended_at >= %s"""


def freed_after(world: World, kills: list[tuple[str, float]]) -> list[float]:
    """Seconds from each kill to the moment when what was held could be claimed again."""
    found = []
    with psycopg.connect(world.database_url) as session:
        for name, at in kills:
            rows = session.execute(FREED.encode(), [name, at, at]).fetchall()
            found += [float(row[0]) - at for row in rows]
    return found


def kill(member: Member, chance: random.Random) -> None:
    """The process alone, or the whole machine with its keepers and trainings."""
    if chance.random() < 0.3:
        kill_node(member)
    else:
        member.process.kill()


@pytest.mark.parametrize("resumable", [True, False])
def test_workers_killed_at_random_points_lose_nothing(
    world: World, seed: int, resumable: bool
) -> None:
    chance = random.Random(seed)
    world.start(workers=3)
    world.trainer.pause(0.1)  # 3 s a training: most kills find one
    wanted = amount(full=150, part=4)
    job = world.trainer.job(resumable=resumable)
    study = world.post_study(trials=wanted + 4, job=job)
    kills: list[tuple[str, float]] = []
    while len(kills) < wanted:
        let_pass(chance.uniform(0.0, 1.5))
        member = chance.choice(world.workers)
        kills.append((member.name, time.time()))
        kill(member, chance)
        let_pass(chance.choice((0.0, 0.0, LEASE_SECONDS)))
        if chance.random() < FRESH:
            world.replace_worker(member)
        world.revive()
    world.trainer.pause(0.0)
    world.until_settled(study, seconds=120 + 5 * wanted)
    (history,) = invariants.check(world, [study])
    freed = freed_after(world, kills)
    figures.record(
        f"kill -9 of workers, {'resumed' if resumable else 'from the start again'}",
        faults=wanted,
        trials=len(history.trials),
        attempts=sum(len(trial["attempts"]) for trial in history.trials),
        lost=0,
        doubled=0,
        seconds_until_claimable=spread(freed),
    )
    assert freed or not WHOLE, "no kill hit a worker that held something"
    assert max(freed, default=0) <= PROMISED_SECONDS * (1 if WHOLE else LOADED)


def spread(seconds: list[float]) -> str:
    """Median and worst, for people."""
    if not seconds:
        return "none held anything"
    ordered = sorted(seconds)
    return f"{ordered[len(ordered) // 2]:.1f} (at most {ordered[-1]:.1f}, n {len(ordered)})"
