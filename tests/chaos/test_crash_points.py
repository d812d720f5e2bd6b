"""Death at every named point: before and after each commit, publish, rename, sync, request and
start of a training, in API, conductor, worker and keeper. Whatever dies there loses nothing.
"""

import contextlib
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg

from paceline.client import ClientError
from tests.chaos import figures, invariants
from tests.chaos.amount import WHOLE, amount
from tests.chaos.crash.crashes import Crashes
from tests.chaos.moments import let_pass
from tests.chaos.world import START_SECONDS, World
from tests.e2e.services import is_settled
from tests.support.waiting import wait_until

Json = Any  # JSON, as the contract says
TRIALS = 8
A_DEATH_SECONDS = 20.0  # a start in which somebody dies as planned is not waited for longer
FIRST, SECOND = "the first time", "a later time"
DYING_SECONDS = 0.5  # from the plan's end to that of the process, many times over
MOST_LIVES = 2  # of a study in which a later time may come


@dataclass
class Lives:
    """Studies, one after the other, in which deaths are planned."""

    world: World
    crashes: Crashes
    studies: list[str] = field(default_factory=list)
    deaths: list[str] = field(default_factory=list)
    at_start: list[str] = field(default_factory=list)  # points that a start reaches

    def start(self) -> None:
        environment = self.crashes.environment
        self.world.prepare()
        self.world.add_api(**environment)
        self.world.add_conductor(**environment)
        for _ in range(2):
            self.world.add_worker("--slots", "1", **environment)  # type: ignore[arg-type]  # all of it is env
        self.world.observer.start()
        self.at_start = self.crashes.points

    def begin(self) -> None:
        """Post a study, as a client that asks again under one key until it is answered."""
        definition = self.world.trainer.definition(trials=TRIALS, autopilot="on")
        key = {"Idempotency-Key": uuid.uuid4().hex}
        client = self.world.service.client
        study = self._insist(lambda: client.post("/v1/studies", definition, headers=key))
        self.world.expected_trials[study["id"]] = TRIALS
        self.studies.append(study["id"])

    def start_again(self) -> None:
        """End the API and a worker, so that what is reached at a start comes up again; a token's
        last use is written down once a minute, so that is forgotten."""
        with psycopg.connect(self.world.database_url) as session:
            session.execute("UPDATE tokens SET last_used_at = NULL")
        for member in (self.world.apis[0], self.world.workers[0]):
            if member.process.is_running:
                member.process.kill()
        self.world.patience_seconds = A_DEATH_SECONDS
        with contextlib.suppress(AssertionError):  # the planned death, before it was ready
            self.world.revive()
        self.world.patience_seconds = START_SECONDS
        self.world.revive()

    def starts(self) -> int:
        """How often anybody was started, the first time included."""
        return sum(member.starts for member in self.world.members)

    def is_over(self) -> bool:
        """Whether the latest study has settled."""
        try:
            return not self.studies or is_settled(self.world.service.study(self.studies[-1]))
        except ClientError:  # the API is what has died
            return False

    def die_at(self, point: str, nth: int) -> bool:
        """Arm it, live on until somebody has died there, revive. False: it did not come up."""
        starts = self.starts()
        self.crashes.arm(point, nth)
        if point in self.at_start:
            self.start_again()
        for _ in range(MOST_LIVES):
            if self.is_over():
                self.begin()
            self._until(lambda: not self.crashes.is_armed or self.is_over(), point)
            if not self.crashes.is_armed:
                self.deaths.append(point)
                if not point.startswith("keeper"):  # its worker lives on
                    let_pass(DYING_SECONDS)  # else those started for this point are taken for it
                    self._until(lambda: self.world.revive() or self.starts() > starts, point)
                return True
        self.crashes.disarm()
        return False

    def end(self) -> list[Any]:
        """Let the latest study settle, and judge all of them."""
        self._until(self.is_over, "the last study to settle")
        try:
            return list(invariants.check(self.world, self.studies))
        except AssertionError as wrong:
            died = "\n".join(self.deaths)
            raise AssertionError(f"{wrong}\nafter these deaths, in order:\n{died}") from None

    def _insist(self, ask: Callable[[], Json]) -> Json:
        def answer() -> Json:
            try:
                return ask()
            except ClientError:
                self.world.revive()
                return None

        return wait_until(answer, seconds=120, what="an answer to a study's definition")

    def _until(self, condition: Callable[[], object], what: str) -> None:
        deaths = f"{what}; deaths so far: {self.deaths[-5:]}"
        wait_until(condition, seconds=240, every=0.1, what=deaths)


def test_death_at_every_named_point_loses_nothing(world: World, seed: int) -> None:
    chance = random.Random(seed)
    lives = Lives(world, Crashes(world.folder / "crashes"))
    lives.start()
    lives.begin()
    world.until_settled(lives.studies[0])
    points = lives.crashes.points
    assert {point.split()[0] for point in points} == {"api", "conductor", "worker", "keeper"}
    for kind in ("commit", "publishing", "rename", "fsync", "POST", "start of a training"):
        assert any(f"before {kind}" in p or f"before the {kind}" in p for p in points), points

    chance.shuffle(points)
    chosen = points[: amount(full=len(points), part=10)]
    missed = [point for point in chosen if not lives.die_at(point, nth=1)]
    later = chosen if WHOLE else chosen[:2]
    unseen = [point for point in later if not lives.die_at(point, nth=chance.randint(2, 6))]
    histories = lives.end()
    assert not missed, f"planned, never reached again: {missed}"
    trials = sum(len(history.trials) for history in histories)
    figures.record(
        "death at named points",
        faults=len(lives.deaths),
        trials=trials,
        attempts=sum(len(t["attempts"]) for h in histories for t in h.trials),
        points=len(points),
        too_rare_for_a_later_time=len(unseen),
    )
