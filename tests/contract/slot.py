"""A slot that speaks the worker protocol over HTTP, and the hands on the clock that its tests need.

Nobody sleeps here: a lease lapses because its end is moved into the past.
"""

from dataclasses import dataclass, field
from itertools import count
from typing import Any

from httpx2 import Response
from sqlalchemy import select, update

from app.db import service_state
from app.db.tables import attempts, studies, trials
from app.services.leases import mark_expired
from tests.contract.lab import Lab

Json = Any  # JSON, as the contract says
_requests = count()


@dataclass
class Attempt:
    """A claimed attempt, and its writes."""

    lab: Lab
    claim: Json

    @property
    def id(self) -> str:
        return str(self.claim["attempt_id"])

    @property
    def trial_id(self) -> str:
        return str(self.claim["trial"]["id"])

    def post(self, what: str, body: Json, token: str | None = None) -> Response:
        headers = {"Paceline-Attempt-Token": token or self.claim["token"]}
        return self.lab.client.post(f"/v1/attempts/{self.id}/{what}", json=body, headers=headers)

    def heartbeat(self, last_step: int = 0, **news: Json) -> Response:
        return self.post("heartbeat", {"last_step": last_step, **news})

    def measure(self, steps: list[int], values: list[Json], metric: str = "val_error") -> Response:
        return self.post("measurements", {"steps": steps, "metrics": {metric: values}})

    def checkpoint(self, step: int, store: str = "file:///store") -> Response:
        key = f"{self.id}/{step}"
        return self.post("checkpoints", {"step": step, "store": store, "key": key, "bytes": 1})

    def finish(self, outcome: str = "completed", last_step: int = 64, **more: Json) -> Response:
        return self.post("finish", {"outcome": outcome, "last_step": last_step, **more})

    def run(self, value: float = 0.5) -> Json:
        """Report one value at the end and finish; the trial."""
        horizon = self.claim["max_train_steps"]
        assert self.measure([horizon], [value]).status_code == 200
        answer = self.finish(last_step=horizon)
        assert answer.status_code == 200, answer.text
        return answer.json()


@dataclass
class Slot:
    """One place on a node."""

    lab: Lab
    worker: str = "w1"
    slot: str = "0"
    boot_id: str = "boot"
    offers: Json = field(default_factory=lambda: {"commands": True})

    def ask(self, **changes: Json) -> Response:
        body = {
            "worker": self.worker,
            "boot_id": self.boot_id,
            "slot": self.slot,
            "request_id": f"request-{next(_requests)}",
            "queue": "cpu",
            "offers": self.offers,
            "wait_seconds": 0,
        }
        return self.lab.client.post("/v1/claims", json={**body, **changes})

    def claim(self, **changes: Json) -> Attempt:
        answer = self.ask(**changes)
        assert answer.status_code == 200, answer.text
        return Attempt(self.lab, answer.json())


def lapse(lab: Lab, attempt: Attempt) -> None:
    """The attempt's lease ended long ago, and a sweep sees it."""
    expire(lab, attempt)
    attended(lab)
    mark_expired(lab.context)


def expire(lab: Lab, attempt: Attempt) -> None:
    with lab.context.database.writing() as connection:
        past = update(attempts).where(attempts.c.id == attempt.id)
        connection.execute(past.values(lease_expires_at=1.0))


def attended(lab: Lab) -> None:
    """API and conductor were there all the time."""
    with lab.context.database.writing() as connection:
        now = service_state.clock(connection)
        service_state.note(connection, last_sweep_at=now, api_seen_at=now, quiet_until=0.0)


def due(lab: Lab) -> None:
    """Every back-off is over."""
    with lab.context.database.writing() as connection:
        connection.execute(update(trials).values(not_before=0.0))


def attempt_row(lab: Lab, attempt_id: str) -> Json:
    with lab.context.database.reading() as connection:
        query = select(attempts).where(attempts.c.id == attempt_id)
        return dict(connection.execute(query).mappings().one())


def study_row(lab: Lab, study_id: str) -> Json:
    with lab.context.database.reading() as connection:
        query = select(studies).where(studies.c.id == study_id)
        return dict(connection.execute(query).mappings().one())
