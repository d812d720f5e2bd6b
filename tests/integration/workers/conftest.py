"""Fixtures: the ledger's server, nodes in this process, and nodes in processes of their own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.workers.ledger import TOKEN, Ledger, serve
from workers.node import Node
from workers.options import WorkerOptions

NODE_PROGRAM = """
import json, sys
from workers.main import run
from workers.options import WorkerOptions
sys.exit(run(WorkerOptions(**json.loads(sys.argv[1]))))
"""
REPOSITORY = Path(__file__).parents[3]

StartNode = Callable[..., Node]
StartProcess = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    ledger = Ledger()
    server = serve(ledger)
    yield ledger
    server.shutdown()
    server.server_close()


def options(ledger: Ledger, tmp_path: Path, **changes: object) -> WorkerOptions:
    """Options of a worker in the test's own folder; `changes` replace theirs."""
    return WorkerOptions.model_validate(
        {
            "url": ledger.url,
            "token": TOKEN,
            "root": tmp_path,
            "state_dir": tmp_path / "state",
            "lock_dir": tmp_path / "locks",
            "allow_commands": True,
            **changes,
        }
    )


@pytest.fixture
def start_node(ledger: Ledger, tmp_path: Path) -> Iterator[StartNode]:
    """Starts nodes in this process; at the end all of them are stopped."""
    nodes: list[Node] = []

    def start(**changes: object) -> Node:
        node = Node(options(ledger, tmp_path, **changes))
        nodes.append(node)
        node.start()
        return node

    yield start
    for node in nodes:
        node.stop()
    for node in nodes:
        assert node.wait(30), "a slot did not end"


@pytest.fixture
def start_process(ledger: Ledger, tmp_path: Path) -> Iterator[StartProcess]:
    """Starts nodes in processes of their own; at the end those that live are killed."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(**changes: object) -> subprocess.Popen[bytes]:
        said = options(ledger, tmp_path, **changes).model_dump(mode="json")
        process = subprocess.Popen(
            [sys.executable, "-c", NODE_PROGRAM, json.dumps(said)],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()
