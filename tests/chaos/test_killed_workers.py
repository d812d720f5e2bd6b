"""kill -9 of workers and of whole nodes at random moments: nothing lost, nothing run twice."""

import random

import pytest

from tests.chaos import figures, invariants
from tests.chaos.amount import amount
from tests.chaos.moments import let_pass
from tests.chaos.world import World, kill_node

pytestmark = pytest.mark.slow


def test_workers_killed_at_random_points_lose_nothing(world: World, seed: int) -> None:
    chance = random.Random(seed)
    world.start(workers=3)
    world.trainer.pause(0.02)
    kills = amount(full=300, part=8)
    study = world.post_study(trials=kills + 4)
    done = 0
    while done < kills:
        let_pass(chance.uniform(0.0, 1.5))
        member = chance.choice(world.workers)
        if chance.random() < 0.3:
            kill_node(member)
        else:
            member.process.kill()
        done += 1
        world.revive()
    world.trainer.pause(0.0)
    world.until_settled(study, seconds=120 + 5 * kills)
    (history,) = invariants.check(world, [study])
    attempts = sum(len(trial["attempts"]) for trial in history.trials)
    figures.record("kill -9 of workers", faults=done, trials=len(history.trials), attempts=attempts)
