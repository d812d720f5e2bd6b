"""The clocks of API, conductor and workers jump by an hour and a day, forth and back, while they
run: leases go by the database's clock and deadlines by one that cannot jump, so nobody notices.
"""

import os
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.chaos import figures, invariants
from tests.chaos.amount import amount
from tests.chaos.means import libfaketime
from tests.chaos.moments import let_pass
from tests.chaos.test_database_faults import no_training_was_stopped
from tests.chaos.world import World
from tests.e2e.processes import REPOSITORY

pytestmark = pytest.mark.slow

HOUR, DAY = 3600, 86400
OFFSETS = (HOUR, -HOUR, DAY, -DAY, 0)
# libfaketime refuses the absolute sleep that Python asks for when it must leave monotonic clocks
# alone ("Invalid argument"); waiting for an event is a sleep that it lets pass.
SLEEP = "import threading, time\ntime.sleep = lambda s: threading.Event().wait(s) and None\n"


class Clock:
    """The wall clock of one process, which may be set while it runs."""

    def __init__(self, folder: Path, name: str) -> None:
        self._file = folder / f"{name}.clock"
        self._plant = folder / "plant"
        self._plant.mkdir(exist_ok=True)
        (self._plant / "sitecustomize.py").write_text(SLEEP)
        self.set(0)

    def set(self, offset: int) -> None:
        """So many seconds before or after the true time, from now on."""
        draft = self._file.with_suffix(".draft")
        draft.write_text(f"{offset:+d}\n")
        draft.replace(self._file)

    @property
    def environment(self) -> dict[str, Any]:  # Any: words, handed on as keywords
        return {
            "LD_PRELOAD": str(libfaketime()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # a real jump leaves those clocks alone
            "PYTHONPATH": os.pathsep.join([str(self._plant), str(REPOSITORY)]),
        }


def test_jumping_clocks_end_no_lease_and_no_training(world: World, seed: int) -> None:
    chance = random.Random(seed)
    names = ["api-a", "api-b", "conductor", *(f"worker-{number}" for number in range(3))]
    clocks = {name: Clock(world.folder, name) for name in names}
    start_under(world, clocks)
    world.trainer.pause(0.1)
    jumps = amount(full=60, part=6)
    study = world.post_study(trials=12 + jumps)
    for _ in range(jumps):
        chance.choice(list(clocks.values())).set(chance.choice(OFFSETS))
        let_pass(chance.uniform(0.3, 1.5))
    assert_clocks_are_false(world)
    world.trainer.pause(0.0)
    world.until_settled(study, seconds=600)
    (history,) = invariants.check(world, [study])
    no_training_was_stopped(history)
    figures.record(
        "clocks of API, conductor, workers jump by +-1 h, +-1 day",
        faults=jumps,
        trials=len(history.trials),
        attempts=sum(len(trial["attempts"]) for trial in history.trials),
    )


def start_under(world: World, clocks: Mapping[str, Clock]) -> None:
    world.prepare()
    for name, clock in clocks.items():
        if name.startswith("api"):
            world.add_api(**clock.environment)
        elif name == "conductor":
            world.add_conductor(**clock.environment)
        else:
            world.add_worker(**clock.environment)
    world.observer.start()


def assert_clocks_are_false(world: World) -> None:
    """The library is at work in every process, else this proves nothing."""
    for member in world.members:
        maps = Path(f"/proc/{member.process.popen.pid}/maps").read_text()
        assert "libfaketime" in maps, f"{member.name} has a true clock"
