"""API and conductor processes killed and restarted under load: acknowledged writes stay, no
training stops, promotions happen once and sweeps go on."""

import random
from collections.abc import Iterator

import psycopg
import pytest

from tests.chaos import figures, invariants
from tests.chaos.amount import amount
from tests.chaos.moments import let_pass
from tests.chaos.network.proxy import proxy_before
from tests.chaos.supply import see_training
from tests.chaos.test_database_faults import no_training_was_stopped
from tests.chaos.witness import Witness
from tests.chaos.world import World, kill_node
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

APIS = 2
LEASE_SECONDS = 6.0  # one API answers within it, however busy the machine is with starting another
STEP_SECONDS = 0.5
LAST_SWEEP = "SELECT number FROM service_state WHERE name = 'last_sweep_at'"


@pytest.fixture
def balanced(world: World) -> Iterator[World]:
    """A running world whose workers know one address, which goes to whichever API answers."""
    world.fleet.environment["PACELINE_LEASE_SECONDS"] = str(LEASE_SECONDS)
    world.start(apis=APIS, conductors=1, workers=0)
    with proxy_before(*map(world.api_url, world.ports)) as balancer:
        for number in range(2):
            world.add_worker(url=balancer.url, broker=number > 0)
        yield world


def kill_one(world: World, number: int) -> None:
    world.apis[number % APIS].process.kill()


def restart_one(world: World, number: int) -> None:
    """As in a rolling restart: the one, the next time the other."""
    api = world.apis[number % APIS].process
    assert api.stop() == 0, f"a server that is asked to end says goodbye\n{api.log[-2000:]}"


def kill_all(world: World, number: int) -> None:  # noqa: ARG001 - one of the faults
    """For longer than a lease: nodes that come back are heard before anything is taken over."""
    for api in world.apis:
        api.process.kill()
    let_pass(1.2 * LEASE_SECONDS)


def test_apis_killed_and_restarted_under_load_lose_nothing_and_stop_no_training(
    balanced: World, seed: int
) -> None:
    world, chance = balanced, random.Random(seed)
    world.trainer.pause(STEP_SECONDS)
    turns = [kill_one, restart_one] * amount(full=50, part=2) + [kill_all] * amount(full=5, part=1)
    chance.shuffle(turns)
    studies: list[str] = []
    witnesses = [Witness(world).start() for _ in range(2)]
    for number, fault in enumerate(turns):
        see_training(world, studies, autopilot="off")
        let_pass(chance.uniform(0.0, 0.6))
        fault(world, number)
        world.revive()
    world.trainer.pause(0.0)
    for study in studies:
        world.until_settled(study)
    for witness in witnesses:
        witness.stop().check()
    histories = invariants.check(world, studies)
    for history in histories:
        no_training_was_stopped(history)
    trials = [trial for history in histories for trial in history.trials]
    figures.record(
        "APIs behind a balancer: kill -9, rolling restart, all away for 1.2 leases",
        faults=len(turns),
        trials=len(trials),
        attempts=sum(len(trial["attempts"]) for trial in trials),
        acknowledged=sum(len(witness.acknowledged) for witness in witnesses),
        slowest_request_seconds=round(max(one.slowest_seconds for one in witnesses), 2),
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
