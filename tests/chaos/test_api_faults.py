"""API and conductor processes killed and restarted under load: acknowledged writes stay, no
training notices, promotions happen once and sweeps go on."""

import random

import psycopg
import pytest

from tests.chaos import figures, invariants
from tests.chaos.amount import amount
from tests.chaos.moments import let_pass
from tests.chaos.witness import Witness
from tests.chaos.world import World, kill_node
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

STEP_SECONDS = 0.05
LAST_SWEEP = "SELECT number FROM service_state WHERE name = 'last_sweep_at'"


def test_apis_killed_and_restarted_under_load_lose_nothing(world: World, seed: int) -> None:
    chance = random.Random(seed)
    world.start(apis=2, conductors=1, workers=2)
    world.trainer.pause(STEP_SECONDS)
    times = amount(full=50, part=2)  # each
    study = world.post_study(trials=4 + 2 * times, autopilot="off")
    witnesses = [Witness(world).start() for _ in range(2)]
    turns = ["kill -9", "rolling restart"] * times
    chance.shuffle(turns)
    for number, turn in enumerate(turns):
        let_pass(chance.uniform(0.0, 0.6))
        api = world.apis[number % 2].process  # one after the other
        if turn == "kill -9":
            api.kill()
        else:
            assert api.stop() == 0, f"a server that is asked to end says goodbye\n{api.log[-2000:]}"
        world.revive()
    world.trainer.pause(0.0)
    world.until_settled(study)
    for witness in witnesses:
        witness.stop().check()
    # A worker knows one of the two addresses: while that one is away and the other is seen, its
    # leases may lapse as in a partition. So trials may begin again here; none is lost or doubled.
    (history,) = invariants.check(world, [study])
    figures.record(
        "API kill -9 and rolling restart",
        faults=2 * times,
        trials=len(history.trials),
        attempts=sum(len(trial["attempts"]) for trial in history.trials),
        acknowledged=sum(len(witness.acknowledged) for witness in witnesses),
    )


def last_sweep(world: World) -> float:
    with psycopg.connect(world.database_url) as session:
        row = session.execute(LAST_SWEEP).fetchone()
    return float(row[0]) if row else 0.0


def until_next_sweep(world: World) -> None:
    before = last_sweep(world)
    wait_until(lambda: last_sweep(world) > before, seconds=90, what="the next sweep")


def test_conductors_killed_again_and_again_promote_once_and_sweep_on(
    world: World, seed: int
) -> None:
    chance = random.Random(seed)
    world.start(apis=1, conductors=2, workers=3)
    world.trainer.pause(0.02)
    kills = amount(full=50, part=3)
    studies = [world.post_study(trials=4) for _ in range(1 + kills // 5)]
    for number in range(kills):
        let_pass(chance.uniform(0.0, 1.0))
        chance.choice(world.conductors).process.kill()
        if number == kills // 2:
            kill_node(world.workers[0])  # its lease is for the sweep to find
        until_next_sweep(world)
        world.revive()
    world.trainer.pause(0.0)
    for study in studies:
        world.until_settled(study)
    histories = invariants.check(world, studies)
    rounds = [r for history in histories for r in history.study["rounds"]]
    assert len(rounds) > len(histories), "nothing was promoted"
    trials = [trial for history in histories for trial in history.trials]
    figures.record(
        "conductor kill -9, two at once",
        faults=kills,
        trials=len(trials),
        attempts=sum(len(trial["attempts"]) for trial in trials),
        rounds=len(rounds),
    )
