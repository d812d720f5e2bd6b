"""Work for the fleet, so that the next fault meets a training, however long the last one took."""

from typing import Any

from tests.chaos import invariants
from tests.chaos.world import World
from tests.support.waiting import wait_until


def see_training(world: World, studies: list[str], **changes: Any) -> None:
    """A training runs; where none did, of one more study, which is added to `studies`."""
    if not invariants.trainings(world):
        studies.append(world.post_study(**{"trials": 4, **changes}))
        wait_until(lambda: invariants.trainings(world), seconds=90, what="a training to run")
