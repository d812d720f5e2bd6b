"""A real API process and conductor over a fresh database, and the trials that the benchmarks play
through it."""

import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from paceline.client import Client, ClientError
from tests.support.databases import migrate, postgres_database

POINTS = 100
COMMAND = (sys.executable, "-m", "paceline.cli.main")


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """A migrated database, dropped afterwards."""
    with postgres_database(server) as url:
        migrate(url)
        yield url


@contextmanager
def serving(database_url: str) -> Iterator[Client]:
    """An API process on a free port; yields a client with every scope."""
    created = subprocess.run(
        [*COMMAND, "token", "create", "bench", "--database-url", database_url],
        capture_output=True,
        text=True,
        check=True,
    )
    port = free_port()
    process = subprocess.Popen(
        [*COMMAND, "api", "--database-url", database_url, "--port", str(port)],
        stderr=subprocess.DEVNULL,
    )
    client = Client(f"http://127.0.0.1:{port}", created.stdout.strip().splitlines()[-1], timeout=60)
    try:
        wait_until_ready(client, process)
        yield client
    finally:
        client.close()
        process.terminate()
        process.wait(15)


def wait_until_ready(client: Client, process: "subprocess.Popen[bytes]") -> None:
    """Until the service answers. Raises RuntimeError if it does not within 30 s."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            client.get("/readyz")
        except ClientError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the API did not come up within 30 s")


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def definition(trials: int, max_train_steps: int = POINTS) -> dict[str, Any]:  # Any: JSON
    """A study whose trials somebody else's runner claims."""
    return {
        "name": f"bench-{uuid.uuid4().hex[:8]}",
        "objective": {"metric": "loss", "direction": "minimize"},
        "job": "external",
        "parameters": {
            "learning_rate": {
                "type": "float",
                "low": 1e-4,
                "high": 1.0,
                "scale": "log",
                "role": "learning_rate",
            }
        },
        "max_train_steps": max_train_steps,
        "evaluate_every_steps": 1,
        "trials": trials,
    }


def claim_request(study_id: str, worker: str) -> dict[str, Any]:  # Any: JSON
    """A slot's request for one trial of the study, new each time."""
    return {
        "worker": worker,
        "boot_id": "bench",
        "slot": "0",
        "request_id": uuid.uuid4().hex,
        "queue": "cpu",
        "offers": {"gpus": 0, "entrypoints": [], "commands": False, "labels": {}},
        "study_id": study_id,
        "wait_seconds": 0,
    }


def play_trial(
    client: Any, study_id: str, worker: str
) -> bool:  # Any: whatever posts like a Client
    """One life cycle: claim, one batch of 100 points, one checkpoint, finish. False: nothing to
    claim."""
    claim = client.post("/v1/claims", claim_request(study_id, worker))
    if claim is None:
        return False
    path = f"/v1/attempts/{claim['attempt_id']}"
    headers = {"Paceline-Attempt-Token": claim["token"]}
    steps = list(range(1, POINTS + 1))
    losses = [1.0 / step for step in steps]
    client.post(
        f"{path}/measurements", {"steps": steps, "metrics": {"loss": losses}}, headers=headers
    )
    saved = {"step": POINTS, "store": "file:///bench", "key": claim["attempt_id"], "bytes": 1}
    client.post(f"{path}/checkpoints", saved, headers=headers)
    ended = {"outcome": "completed", "reason": "completed", "exit_code": 0, "last_step": POINTS}
    client.post(f"{path}/finish", ended, headers=headers)
    return True
