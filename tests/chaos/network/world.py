"""The fleet over several machines: APIs and a conductor on one host, PostgreSQL on another, the
second conductor and each worker on their own.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.network.hosts import Hosts, hosts
from tests.chaos.network.servers import HostedPostgres, HostedRedis, hosted
from tests.chaos.trainer import make_trainer
from tests.chaos.world import World
from tests.e2e.processes import QUICK, Fleet, Process

API, DATABASE, SECOND = "api", "db", "conductor-1"
WORKERS = 3


@dataclass
class Network(World):
    """A world whose members live on `hosts`: the name of a member says where."""

    hosts: Hosts | None = None

    def api_url(self, port: int) -> str:
        return f"http://{self.places.address(API)}:{port}"

    @property
    def places(self) -> Hosts:
        assert self.hosts is not None
        return self.hosts

    def _begin(self, name: str, *words: str, env: Mapping[str, str]) -> Process:
        place = name if name in self.places.names else API
        return self.fleet.start(name, *words, environment=env, through=self.places.through(place))


@contextmanager
def make_network(folder: Path, **environment: str) -> Iterator[Network]:
    """Hosts and servers stand, nothing of ours is started yet; all of it ends with the block."""
    with ExitStack() as stack:
        names = [API, DATABASE, SECOND, *(f"worker-{number}" for number in range(WORKERS))]
        made = stack.enter_context(hosts(names))
        postgres = stack.enter_context(hosted(HostedPostgres, made, DATABASE))
        redis = stack.enter_context(hosted(HostedRedis, made, API))
        anywhere = {"PACELINE_HOST": "0.0.0.0"}
        fleet = Fleet(folder, {**QUICK, **anywhere, **environment})
        world = Network(fleet, postgres, redis, make_trainer(folder / "trainer"), hosts=made)
        stack.callback(world.close)
        for name in names:
            stack.callback(made.mend, name)
        yield world
