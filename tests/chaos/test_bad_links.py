"""Workers that reach the API over a bad link: late, stalled in one direction or both, reset,
refused, cut half way, narrow. No training is stopped by it, nothing is lost or done twice.
"""

import random
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.chaos import figures, invariants
from tests.chaos.amount import amount
from tests.chaos.moments import let_pass
from tests.chaos.network.proxy import NONE, Faults, Proxy, proxy_before
from tests.chaos.network.verdicts import ends_of
from tests.chaos.world import World
from tests.e2e.processes import LEASE_SECONDS

pytestmark = pytest.mark.slow

BAD_LINKS = {
    "late": Faults(delay_seconds=0.1, jitter_seconds=0.2),
    "asked and never answered": Faults(is_answered_stalled=True),
    "stalled": Faults(is_asked_stalled=True, is_answered_stalled=True),
    "reset now and then": Faults(reset_share=0.1),
    "refused": Faults(is_refusing=True),
    "cut half way": Faults(cut_after_bytes=100),
    "narrow": Faults(bytes_per_second=4000),
}


@pytest.fixture
def proxies(world: World, seed: int) -> Iterator[list[Proxy]]:
    """A running world whose three workers each have a link of their own."""
    world.start(apis=1, conductors=1, workers=0)
    with ExitStack() as stack:
        found = []
        for number in range(3):
            before = world.api_url(world.ports[0])
            proxy = stack.enter_context(proxy_before(before, seed=seed + number))
            found.append(proxy)
            world.add_worker(url=proxy.url, broker=number > 0)
        yield found


def test_bad_links_stop_no_training_and_lose_nothing(
    world: World, proxies: list[Proxy], seed: int
) -> None:
    chance = random.Random(seed)
    faults = amount(full=42, part=7)
    world.trainer.pause(0.1)
    study = world.post_study(trials=8 + 2 * faults)
    kinds = [name for _ in range(faults // len(BAD_LINKS)) for name in BAD_LINKS]
    chance.shuffle(kinds)
    resets = sum(spoil(kind, proxies, chance) for kind in kinds)
    assert resets > 0
    world.trainer.pause(0.0)
    world.until_settled(study, seconds=120 + 5 * faults)
    (history,) = invariants.check(world, [study])
    ends = ends_of(history)
    figures.record(
        "bad links, worker to API (late, stalled, reset, refused, cut, narrow)",
        faults=faults + resets,
        trials=len(history.trials),
        attempts=ends.total(),
        taken_over=ends["lost"],
        spoiled_connections=resets + sum(proxy.spoiled for proxy in proxies),
    )


def spoil(kind: str, proxies: list[Proxy], chance: random.Random) -> int:
    """One or two links go bad for 0.5 to `most` leases; how many connections were reset at once."""
    most = amount(full=5, part=2)
    struck = chance.sample(proxies, chance.choice([1, 2]))
    for proxy in struck:
        proxy.faults = BAD_LINKS[kind]
    let_pass(chance.uniform(0.5, most) * LEASE_SECONDS / (1 if "stalled" in kind else 3))
    for proxy in struck:
        proxy.faults = NONE
    return sum(proxy.reset_all() for proxy in struck)
