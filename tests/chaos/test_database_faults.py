"""PostgreSQL crashes, or cuts connections: what was acknowledged is there afterwards, the service
says what is wrong and comes back by itself, and no training notices."""

import random

import psycopg
import pytest

from paceline.client import Client, ProblemError
from tests.chaos import figures, invariants
from tests.chaos.amount import amount
from tests.chaos.history import History
from tests.chaos.moments import let_pass
from tests.chaos.witness import UNAVAILABLE, Witness
from tests.chaos.world import World
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

BACKENDS = "SELECT pid FROM pg_stat_activity WHERE datname = 'chaos' AND pid <> pg_backend_pid()"
STEP_SECONDS = 0.05


def is_back(client: Client) -> bool:
    try:
        client.get("/v1/studies")
    except ProblemError as problem:
        if (problem.status, problem.kind) != (503, UNAVAILABLE):
            raise
        return False
    return True


def no_training_was_stopped(history: History) -> None:
    """One attempt a trial: the outage cost no training a step."""
    more = {t["id"]: t["attempts"] for t in history.trials if len(t["attempts"]) != 1}
    assert not more, f"trials that were begun again: {more}"


def crash(world: World, chance: random.Random, client: Client, times: int) -> int:
    """Stop the server at once, see the API say so, start it again, see the API come back."""
    for _ in range(times):
        let_pass(chance.uniform(0.2, 1.2))
        world.postgres.stop()
        assert not is_back(client), "no database, and it answers"
        let_pass(chance.uniform(0.0, 1.0))
        world.postgres.start()
        wait_until(lambda: is_back(client), seconds=60, what="the API to come back")
    return times


def cut(world: World, chance: random.Random, times: int) -> int:
    """End connections of the service's processes, one after the other."""
    ended = 0
    with psycopg.connect(world.postgres.url, autocommit=True) as session:
        while ended < times:
            let_pass(chance.uniform(0.0, 0.2))
            backends = [row[0] for row in session.execute(BACKENDS)]
            if backends:
                victim = chance.choice(backends)
                ended += session.execute("SELECT pg_terminate_backend(%s)", [victim]).rowcount
    return ended


def test_crashes_and_cut_connections_lose_nothing_and_stop_no_training(
    world: World, seed: int
) -> None:
    chance = random.Random(seed)
    service = world.start(apis=2, conductors=2, workers=2)
    world.trainer.pause(STEP_SECONDS)
    study = world.post_study(trials=amount(full=60, part=8), autopilot="off")
    witness = Witness(world).start()
    crashes = crash(world, chance, service.client, amount(full=20, part=2))
    ended = cut(world, chance, amount(full=200, part=12))
    world.trainer.pause(0.0)
    world.until_settled(study)
    witness.stop().check()
    assert witness.answers[UNAVAILABLE] > 0, "the faults never met a write"
    (history,) = invariants.check(world, [study])
    no_training_was_stopped(history)
    figures.record(
        "PostgreSQL stopped at once, connections cut",
        faults=crashes + ended,
        crashes=crashes,
        trials=len(history.trials),
        attempts=sum(len(trial["attempts"]) for trial in history.trials),
        acknowledged=len(witness.acknowledged),
        refused=witness.answers[UNAVAILABLE],
        slowest_request_seconds=round(witness.slowest_seconds, 2),
    )
