"""The two shapes of the service that the whole-product tests start: everything in one process, and
API, conductor and workers as processes of their own.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paceline.client import Client, ClientError
from tests.e2e.processes import Fleet, Process
from tests.support.waiting import free_port, wait_until

Json = Any  # JSON, as the contract says
ENDED = ("completed", "cancelled")
STUDY_SECONDS = 120.0
PAGE = 500  # of a list, the most that is given at once


@dataclass
class Service:
    """A service that answers: its address, its token, how to ask it."""

    url: str
    token_file: Path
    client: Client

    def study(self, study_id: str) -> Json:
        return self.client.get(f"/v1/studies/{study_id}")

    def trials(self, study_id: str) -> list[Json]:
        """All trials of the study, with their attempts and checkpoints."""
        found: list[Json] = []
        query: Json = {"limit": PAGE}
        while query.get("cursor", "") is not None:
            page = self.client.get(f"/v1/studies/{study_id}/trials", query)
            found += [self.client.get(f"/v1/trials/{item['id']}") for item in page["items"]]
            query["cursor"] = page["next_cursor"]
        return found

    def curve_steps(self, trial_id: str, metric: str = "val_error") -> list[int]:
        """The steps that count in the trial's curve."""
        query = {"metric": metric, "points": 500}
        curve = self.client.get(f"/v1/trials/{trial_id}/curve", query)
        assert curve["points_total"] == len(curve["steps"])
        return [int(step) for step in curve["steps"]]

    def until_study(
        self,
        study_id: str,
        is_reached: Callable[[Json], object],
        what: str,
        seconds: float = STUDY_SECONDS,
    ) -> Json:
        """The study once it is there; polled with a deadline."""

        def reached() -> Json:
            try:
                study = self.study(study_id)
            except ClientError:
                return None
            return study if is_reached(study) else None

        return wait_until(reached, seconds=seconds, every=0.1, what=what)

    def accept_all(self, study_id: str) -> Json:
        """Accept every proposal as it comes, until the study has ended; returns the study."""
        while True:
            study = self.until_study(study_id, is_settled, "an end or a recommendation")
            if study["state"] in ENDED:
                return study
            self.accept(study)

    def accept(self, study: Json) -> Json:
        """Accept the recommendation that the study waits for."""
        recommendation = self.client.get(f"/v1/studies/{study['id']}/recommendation")
        path = f"/v1/studies/{study['id']}/rounds"
        return self.client.post(path, {"accept": recommendation["id"]})


def is_settled(study: Json) -> bool:
    """Whether nothing more happens by itself."""
    return study["state"] in ENDED or study["waiting_for"] in ("acceptance", "limit")


def is_ready(url: str) -> bool:
    """Whether the service answers now, asked without a token."""
    with Client(url, timeout=2) as client:
        try:
            client.get("/readyz")
        except ClientError:
            return False
    return True


@dataclass
class Embedded:
    """`paceline up` in a folder, to start, kill and start again on its port."""

    fleet: Fleet
    slots: int = 2
    port: int = field(default_factory=free_port)
    clients: list[Client] = field(default_factory=list)

    @property
    def home(self) -> Path:
        """Where `up` was typed; `.paceline` lies in it."""
        return self.fleet.folder / "home"

    def start(self) -> Process:
        """Start it and return once it answers."""
        process = self.fleet.start(
            "up", "up", "--port", str(self.port), "--slots", str(self.slots), directory=self.home
        )
        process.until(lambda: is_ready(self.url), "paceline up to answer")
        return process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def service(self) -> Service:
        token_file = self.home / ".paceline" / "token"
        client = Client(self.url, token_file.read_text().strip(), timeout=30)
        self.clients.append(client)
        return Service(self.url, token_file, client)


@dataclass
class Production:
    """API, conductor and workers of their own over PostgreSQL and Redis."""

    fleet: Fleet
    database_url: str
    broker: str
    port: int = field(default_factory=free_port)
    store: str = ""  # of all processes; unless said otherwise a folder of this fleet
    clients: list[Client] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = self.store or f"file://{self.fleet.folder}/store"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def prepare(self) -> Service:
        """Schema and token, made as the README says, before any server runs."""
        upgraded = self.fleet.call("db", "upgrade", "--database-url", self.database_url)
        assert upgraded.returncode == 0, upgraded.stderr
        made = self.fleet.call("token", "create", "test", "--database-url", self.database_url)
        assert made.returncode == 0, made.stderr
        token_file = self.fleet.folder / "token"
        token_file.write_text(made.stdout.splitlines()[-1] + "\n")
        client = Client(self.url, token_file.read_text().strip(), timeout=30)
        self.clients.append(client)
        return Service(self.url, token_file, client)

    def start_api(self) -> Process:
        words = ("--database-url", self.database_url, "--port", str(self.port))
        process = self.fleet.start("api", "api", *words, "--store", self.store)
        process.until(lambda: is_ready(self.url), "paceline api to answer")
        return process

    def start_conductor(self) -> Process:
        words = ("--database-url", self.database_url, "--store", self.store)
        return self.fleet.start("conductor", "conductor", *words, "--broker", self.broker)

    def start_worker(self, name: str, token_file: Path, *words: str) -> Process:
        """A Celery worker with one slot; returns once it is registered."""
        said = ("--url", self.url, "--token-file", str(token_file), "--name", name)
        more = ("--store", self.store, "--allow-commands", "--broker", self.broker, *words)
        process = self.fleet.start(name, "worker", *said, *more)
        process.until(lambda: "worker registered" in process.log, f"worker {name} to register")
        return process
