"""A runner of somebody else's that reports one step after another, whatever happens to the service,
and remembers what was acknowledged: afterwards all of that must be there, each step once.
"""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from app.db.database import POOL_SECONDS
from app.db.dead_links import CONNECT_SECONDS, SILENT_SECONDS
from paceline.client import Client, ProblemError, Unreachable
from tests.chaos.world import World

Json = Any  # JSON, as the contract says
HORIZON = 20_000  # more steps than it ever comes to
# A request that takes longer hangs: the service itself waits no longer for a connection out of its
# pool, then for a new one, then for one that died under it. All else here is a few milliseconds.
PATIENCE_SECONDS = float(POOL_SECONDS + CONNECT_SECONDS + SILENT_SECONDS)
AGAIN_SECONDS = 0.05
UNAVAILABLE = "database-unavailable"


@dataclass
class Witness:
    """One attempt of an external study under constant reports, over the world's APIs in turn."""

    world: World
    acknowledged: list[int] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    slowest_seconds: float = 0.0

    def __post_init__(self) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="witness", daemon=True)
        self._clients = [self._client(port) for port in self.world.ports]
        study = self.world.trainer.definition(
            name="witness", job="external", trials=1, max_train_steps=HORIZON, autopilot="off"
        )
        study["evaluate_every_steps"] = 1
        self.study_id = str(self._clients[0].post("/v1/studies", study)["id"])
        mine = self.study_id  # a slot and a request of its own
        claim = {"worker": "witness", "boot_id": "b", "slot": mine, "request_id": mine}
        offers = {"gpus": 0, "entrypoints": [], "commands": False, "labels": {}}
        more = {"queue": "cpu", "offers": offers, "study_id": self.study_id, "wait_seconds": 10}
        self._attempt = self._clients[0].post("/v1/claims", {**claim, **more}, timeout=30)

    def start(self) -> "Witness":
        self._thread.start()
        return self

    def stop(self) -> "Witness":
        """One more report, then no more."""
        self._stopping.set()
        self._thread.join(3 * PATIENCE_SECONDS)
        assert not self._thread.is_alive(), "a report hangs"
        return self

    def check(self) -> None:
        """Raises AssertionError unless exactly what was acknowledged is stored."""
        trial_id = self._attempt["trial"]["id"]
        query = {"metric": "val_error", "points": HORIZON}
        curve = self.world.service.client.get(f"/v1/trials/{trial_id}/curve", query)
        stored = dict(zip(curve["steps"], curve["last"], strict=True))
        lost = [step for step in self.acknowledged if stored.get(step) != _value(step)]
        assert not lost, f"acknowledged, and not there: steps {lost}"
        more = sorted(set(stored) - set(self.acknowledged))
        assert len(more) <= 1, f"never sent: steps {more[1:]}"  # the last answer may be lost
        strange = {said for said in self.answers if said not in ("ok", "unreachable", UNAVAILABLE)}
        assert not strange, f"answers that nobody should get: {self.answers}"

    def _client(self, port: int) -> Client:
        token = self.world.token_file.read_text().strip()
        return Client(f"http://127.0.0.1:{port}", token, timeout=PATIENCE_SECONDS)

    def _run(self) -> None:
        step, tries = 1, 0
        while not self._stopping.is_set():
            tries += 1
            said = self._report(self._clients[tries % len(self._clients)], step)
            self.answers[said] += 1
            if said == "ok":
                self.acknowledged.append(step)
                step += 1
            self._stopping.wait(AGAIN_SECONDS)
        for client in self._clients:
            client.close()

    def _report(self, client: Client, step: int) -> str:
        began = time.monotonic()
        body: Json = {"steps": [step], "metrics": {"val_error": [_value(step)]}}
        headers = {"Paceline-Attempt-Token": self._attempt["token"]}
        path = f"/v1/attempts/{self._attempt['attempt_id']}/measurements"
        try:
            client.post(path, body, headers=headers)
        except ProblemError as problem:
            return problem.kind
        except Unreachable as silence:
            return "hung" if "timed out" in str(silence) else "unreachable"
        finally:
            self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - began)
        return "ok"


def _value(step: int) -> float:
    return 1.0 / step
