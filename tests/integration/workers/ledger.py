"""A small real HTTP server that keeps a ledger of the attempt protocol in memory.
It can fall silent, disown attempts and give commands: what workers must survive.
"""

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = Any  # JSON, as the contract says
TOKEN = "secret"


@dataclass
class Ledger:
    """What the service was told, in order; tests read and steer it."""

    work: list[dict[str, Json]] = field(default_factory=list)
    registrations: list[dict[str, Json]] = field(default_factory=list)
    claims: list[dict[str, Json]] = field(default_factory=list)
    claimed_at: list[float] = field(default_factory=list)
    heartbeats: list[dict[str, Json]] = field(default_factory=list)
    curves: dict[str, dict[int, Json]] = field(default_factory=dict)  # attempt/metric -> step
    checkpoints: list[dict[str, Json]] = field(default_factory=list)
    early_checkpoints: list[int] = field(default_factory=list)  # before their measurements
    finishes: dict[str, dict[str, Json]] = field(default_factory=dict)
    logs: dict[str, dict[str, str]] = field(default_factory=dict)  # attempt -> the latest
    code: dict[str, dict[str, Json]] = field(default_factory=dict)
    batches: int = 0
    command: str = "continue"
    is_silent: bool = False
    unheard: set[str] = field(default_factory=set)  # ends of paths that get no answer
    page: int | None = None  # the status with which a balancer answers for the service
    knows_predecessors: bool = True  # a service of before does not
    unanswered: int = 0
    unanswered_requests: list[str] = field(default_factory=list)
    stale: set[str] = field(default_factory=set)
    horizon: int | None = None
    drop: list[str] = field(default_factory=list)
    claimed: dict[str, dict[str, Json]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    url: str = ""

    def answer(self, path: str, body: dict[str, Json]) -> tuple[int, Json]:
        words = path.strip("/").split("/")
        if words[1] == "workers":
            self.registrations.append(body)
            return 200, {}
        if words[1] == "claims":
            return self._claim(body)
        attempt, what = words[2], words[3]
        if attempt in self.stale:
            return 409, {"type": "https://paceline.dev/problems/stale-attempt", "title": "stale"}
        if "logs" in body:
            self.logs[attempt] = body["logs"]
        if "code" in body:
            self.code[attempt] = body["code"]
        return getattr(self, f"_{what}")(attempt, body)  # type: ignore[no-any-return]  # by route

    @property
    def problems(self) -> list[str]:
        """What the first slot said was wrong with it, in order; empty: nothing."""
        return [said["slots"][0].get("problem") or "" for said in self.registrations]

    def steps(self, attempt: str, metric: str = "val_error") -> list[int]:
        return sorted(self.curves.get(f"{attempt}/{metric}", {}))

    def _claim(self, body: dict[str, Json]) -> tuple[int, Json]:
        if "after" in body and not self.knows_predecessors:
            return 422, {"type": "invalid-input", "detail": "after: unknown field"}
        self.claims.append(body)
        self.claimed_at.append(time.monotonic())
        if body["request_id"] in self.claimed:
            return 200, self.claimed[body["request_id"]]
        if not self.work:
            return 204, None
        self.claimed[body["request_id"]] = self.work.pop(0)
        return 200, self.claimed[body["request_id"]]

    def _heartbeat(self, attempt: str, body: dict[str, Json]) -> tuple[int, Json]:
        self.heartbeats.append({"attempt": attempt, **body})
        return 200, {"command": self.command, "lease_seconds": 60}

    def _measurements(self, attempt: str, body: dict[str, Json]) -> tuple[int, Json]:
        self.batches += 1
        beyond = [s for s in body["steps"] if self.horizon is not None and s > self.horizon]
        if beyond:
            problem = {"type": "horizon-exceeded", "first_refused_step": beyond[0]}
            return 422, problem
        rows = [
            (f"{attempt}/{metric}", step, value)
            for metric, values in body["metrics"].items()
            for step, value in zip(body["steps"], values, strict=True)
            if value is not None
        ]
        if any(self.curves.get(key, {}).get(step, value) != value for key, step, value in rows):
            return 409, {"type": "conflicting-measurement", "title": "first is kept"}
        for key, step, value in rows:
            self.curves.setdefault(key, {})[step] = value
        return 200, {"accepted": len(rows), "repeated": 0, "last_step": body["steps"][-1]}

    def _checkpoints(self, attempt: str, body: dict[str, Json]) -> tuple[int, Json]:
        self.checkpoints.append({"attempt": attempt, **body})
        if body["step"] not in self.steps(attempt):
            self.early_checkpoints.append(body["step"])
        drop, self.drop = self.drop, []
        return 201, {"drop": drop}

    def _finish(self, attempt: str, body: dict[str, Json]) -> tuple[int, Json]:
        self.finishes.setdefault(attempt, body)
        return 200, {}


class Handler(BaseHTTPRequestHandler):
    """One request; a silent service drops the connection without a word."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement
    ledger: Ledger

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.ledger.lock:
            if self.ledger.page is not None:
                self._answer(self.ledger.page, "text/html", b"<h1>no backend here</h1>")
                self.ledger.unanswered += 1
                return
            if self.ledger.is_silent or self.path.endswith(tuple(self.ledger.unheard)):
                self.ledger.unanswered += 1
                self.ledger.unanswered_requests.append(body.get("request_id", ""))
                self.close_connection = True
                return
            assert self.headers["Authorization"] == f"Bearer {TOKEN}"
            status, document = self.ledger.answer(self.path, body)
        data = b"" if document is None else json.dumps(document).encode()
        kind = "application/json" if status < 400 else "application/problem+json"
        self._answer(status, kind, data)

    def _answer(self, status: int, kind: str, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


def serve(ledger: Ledger) -> ThreadingHTTPServer:
    """The server on a free port of loopback, in a thread."""
    handler = type("LedgerHandler", (Handler,), {"ledger": ledger})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    ledger.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
    return server


def claim(attempt_id: str, command: list[str], **changes: Json) -> dict[str, Json]:
    """A claimed attempt of 20 steps with short times; `changes` replace its fields."""
    return {
        "attempt_id": attempt_id,
        "number": 1,
        "token": f"token-of-{attempt_id}",
        "lease_seconds": 2.0,
        "heartbeat_seconds": 0.3,
        "grace_seconds": 2.0,
        "silence_seconds": 60.0,
        "trial": {
            "id": f"trial-of-{attempt_id}",
            "study_id": "study-1",
            "round": 1,
            "params": {"learning_rate": 0.1, "width": 64},
            "seed": 0,
        },
        "job": {"command": command, "directory": None, "env": {}, "timeout_seconds": None},
        "max_train_steps": 20,
        "schedule": {"kind": "constant", "peak": 0.1, "warmup_steps": 0},
        "evaluate_every_steps": 1,
        "checkpoint_steps": [],
        "resume": None,
        **changes,
    }
