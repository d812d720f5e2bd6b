"""A whole fleet to throw faults at: PostgreSQL and Redis of its own, API processes, conductors and
workers as real processes on free ports, all in one folder.
"""

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from paceline.client import Client
from tests.chaos.observer import Observer
from tests.chaos.postgres import Postgres, own_postgres
from tests.chaos.trainer import make_trainer
from tests.e2e.processes import QUICK, Fleet, Process
from tests.e2e.services import Service, is_ready, is_settled
from tests.e2e.trainers import Bench
from tests.support.postgres import create_database
from tests.support.redis import RedisServer, own_redis
from tests.support.waiting import free_port

Json = Any  # JSON, as the contract says
SETTLE_SECONDS = 300.0
START_SECONDS = 90.0  # until a started process must be ready


@dataclass
class Member:
    """One process of the world and how to start it again."""

    name: str
    begin: Callable[[], Process]
    process: Process
    starts: int = 1

    def revive(self) -> bool:
        """Start it again if it has died; whether it had."""
        if self.process.is_running:
            return False
        self.process = self.begin()
        self.starts += 1
        return True

    def signal(self, number: signal.Signals) -> None:
        self.process.popen.send_signal(number)


@dataclass
class World:
    """Build it with `make_world`; `start`, post studies, throw faults, `until_settled`, then
    `invariants.check(world, study_ids)`."""

    fleet: Fleet
    postgres: Postgres
    redis: RedisServer
    trainer: Bench
    ports: list[int] = field(default_factory=list)
    apis: list[Member] = field(default_factory=list)
    conductors: list[Member] = field(default_factory=list)
    workers: list[Member] = field(default_factory=list)
    hired: int = 0  # workers ever started under a name of their own
    database_url: str = ""
    token_file: Path = Path()
    expected_trials: dict[str, int] = field(default_factory=dict)
    patience_seconds: float = START_SECONDS

    def __post_init__(self) -> None:
        self.database_url = create_database(self.postgres.url, "chaos")
        self.observer = Observer(self.database_url)
        self._clients: list[Client] = []

    @property
    def folder(self) -> Path:
        return self.fleet.folder

    @property
    def store(self) -> str:
        return f"file://{self.folder}/store"

    @property
    def members(self) -> list[Member]:
        return [*self.apis, *self.conductors, *self.workers]

    @property
    def service(self) -> Service:
        """The first API, asked by a client of its own."""
        return self.service_at(self.api_url(self.ports[0]))

    def api_url(self, port: int) -> str:
        """Where an API process is found."""
        return f"http://127.0.0.1:{port}"

    def service_at(self, url: str) -> Service:
        client = Client(url, self.token_file.read_text().strip(), timeout=30)
        self._clients.append(client)
        return Service(url, self.token_file, client)

    def start(
        self, *, apis: int = 1, conductors: int = 1, workers: int = 3, slots: int = 1
    ) -> Service:
        """Schema, token, then everything; returns once every worker is registered."""
        self.prepare()
        for _ in range(apis):
            self.add_api()
        for _ in range(conductors):
            self.add_conductor()
        for _ in range(workers):
            self.add_worker("--slots", str(slots))
        self.observer.start()
        return self.service

    def prepare(self) -> None:
        """The schema and the token, made as the README says, before any server runs."""
        upgraded = self.fleet.call("db", "upgrade", "--database-url", self.database_url)
        assert upgraded.returncode == 0, upgraded.stderr
        made = self.fleet.call("token", "create", "chaos", "--database-url", self.database_url)
        assert made.returncode == 0, made.stderr
        self.token_file = self.folder / "token"
        self.token_file.write_text(made.stdout.splitlines()[-1] + "\n")

    def add_api(self, **environment: str) -> Member:
        port = free_port()
        self.ports.append(port)
        begin = partial(self._begin_api, port, environment)
        self.apis.append(Member(f"api-{port}", begin, begin()))
        return self.apis[-1]

    def add_conductor(self, **environment: str) -> Member:
        words = ("--database-url", self.database_url, "--store", self.store)
        name = f"conductor-{len(self.conductors)}"
        begin = partial(
            self._begin, name, "conductor", *words, "--broker", self.redis.url, env=environment
        )
        self.conductors.append(Member(name, begin, begin()))
        return self.conductors[-1]

    def add_worker(self, *words: str, url: str = "", broker: bool = True, **env: str) -> Member:
        """A worker with its own state folder; `url` lets a proxy stand between."""
        name = f"worker-{self.hired}"
        self.hired += 1
        url = url or self.api_url(self.ports[len(self.workers) % len(self.ports)])
        begin = partial(self._begin_worker, name, words, url, broker, env)
        self.workers.append(Member(name, begin, begin()))
        return self.workers[-1]

    def replace_worker(self, dead: Member) -> Member:
        """A new machine instead of one that never comes back: another name, an empty folder."""
        self.workers.remove(dead)
        return self.add_worker()

    def post_study(self, *, trials: int, **changes: Json) -> str:
        """A study of so many trials; autopilot on unless said otherwise."""
        definition = self.trainer.definition(**{"trials": trials, "autopilot": "on", **changes})
        study_id = str(self.service.client.post("/v1/studies", definition)["id"])
        self.expected_trials[study_id] = trials
        return study_id

    def revive(self) -> list[str]:
        """Start again whatever has died; the names of those."""
        return [member.name for member in self.members if member.revive()]

    def until_settled(self, study_id: str, seconds: float = SETTLE_SECONDS) -> Json:
        """The study once nothing more happens by itself."""
        return self.service.until_study(study_id, is_settled, "the study to settle", seconds)

    def until_round_over(self, study_id: str, number: int = 1, seconds: float = 300) -> Json:
        """The study once all trials of a round have ended and it is reviewed."""

        def is_over(study: Json) -> bool:
            return (
                len(study["rounds"]) >= number and study["rounds"][number - 1]["state"] == "closed"
            )

        return self.service.until_study(study_id, is_over, f"round {number}'s end", seconds)

    def close(self) -> None:
        self.observer.stop()
        for client in self._clients:
            client.close()
        self.fleet.close()

    def _begin(self, name: str, *words: str, env: Mapping[str, str]) -> Process:
        return self.fleet.start(name, *words, environment=env)

    def _begin_api(self, port: int, env: Mapping[str, str]) -> Process:
        words = ("--database-url", self.database_url, "--port", str(port), "--store", self.store)
        process = self._begin(f"api-{port}", "api", *words, env=env)
        url = self.api_url(port)
        return self._ready(process, lambda: is_ready(url), "paceline api to answer")

    def _begin_worker(
        self, name: str, words: tuple[str, ...], url: str, broker: bool, env: Mapping[str, str]
    ) -> Process:
        said = ("--url", url, "--token-file", str(self.token_file), "--name", name)
        bell = ("--broker", self.redis.url) if broker else ()
        more = ("--store", self.store, "--allow-commands", *bell, *words)
        process = self._begin(name, "worker", *said, *more, env=env)
        return self._ready(
            process, lambda: "worker registered" in process.log, f"{name} to register"
        )

    def _ready(self, process: Process, is_ready: Callable[[], object], what: str) -> Process:
        """The process once it is ready; one that does not get there is not left behind."""
        try:
            process.until(is_ready, what, self.patience_seconds)
        except AssertionError:
            process.kill()
            raise
        return process


@contextmanager
def make_world(folder: Path, environment: Mapping[str, str] = QUICK) -> Iterator[World]:
    """A world that is not started yet; everything in it ends with the block."""
    with ExitStack() as stack:
        postgres = stack.enter_context(own_postgres())
        redis = stack.enter_context(own_redis())
        fleet = Fleet(folder, environment)
        world = World(fleet, postgres, redis, make_trainer(folder / "trainer"))
        stack.callback(world.close)
        yield world


def kill_node(member: Member) -> list[int]:
    """End a whole machine at once: the worker, its keepers, their trainings; returns their pids."""
    family = descendants(member.process.popen.pid)
    for pid in (member.process.popen.pid, *family):
        os.kill(pid, signal.SIGSTOP)
    family = descendants(member.process.popen.pid)
    for pid in (member.process.popen.pid, *family):
        os.kill(pid, signal.SIGKILL)
    member.process.popen.wait(30)
    return family


def descendants(pid: int) -> list[int]:
    """All processes below this one."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(word) for word in task.read_text().split()]
        except OSError:  # it ended meanwhile
            continue
        for child in children:
            found += [child, *descendants(child)]
    return found
