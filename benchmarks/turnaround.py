"""Slot turnaround: from one training's last line to the next one's first, against a bare loop of
processes with the same interpreter and the same script, in turn."""

import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks import short_training
from benchmarks.service import COMMAND, definition
from benchmarks.table import Row, middle
from paceline.client import Client

TRAININGS, PAIRS, MOST_SECONDS = 12, 4, 120.0
PROGRAM = (sys.executable, short_training.__file__)


def measure(service: Client) -> list[Row]:
    """Milliseconds between two trainings, ours and the bare loop's, and the ratio pair by pair."""
    with tempfile.TemporaryDirectory(prefix="paceline-turnaround-") as scratch:
        folder = Path(scratch)
        with working(service, folder):
            _through_a_slot(service, folder)  # the first training pays for the imports
            pairs = [(_through_a_slot(service, folder), _bare(folder)) for _ in range(PAIRS)]
    ours, peer = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    ratios = [mine / bare for mine, bare in pairs]
    return [
        Row(
            "slot turnaround (peer: a bare Popen loop)",
            middle(ours),
            middle(peer),
            "ms",
            "",
            is_higher_better=False,
            spread=(min(ours), max(ours)),
        ),
        Row(
            "slot turnaround over the bare loop's",
            middle(ratios),
            None,
            "x",
            "<= 1.3x",
            spread=(min(ratios), max(ratios)),
        ),
    ]


@contextmanager
def working(service: Client, folder: Path, *words: str) -> Iterator[None]:
    """A worker process with one slot."""
    token_file = folder / "token"
    token_file.write_text(str(service.token))
    said = ("--url", service.url, "--token-file", str(token_file), "--store", f"file://{folder}/s")
    places = ("--state-dir", str(folder / "worker"), "--lock-dir", str(folder / "locks"))
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [*COMMAND, "worker", *said, *places, "--allow-commands", *words], stderr=log
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def _through_a_slot(service: Client, folder: Path) -> float:
    ledger = folder / f"ledger-{uuid.uuid4().hex}"
    study_id = service.post("/v1/studies", _study(folder, ledger))["id"]
    deadline = time.monotonic() + MOST_SECONDS
    while _completed(service, study_id) < TRAININGS:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{TRAININGS} trainings did not end within {MOST_SECONDS} s")
        time.sleep(0.5)  # seldom: the API has the slot's claims to answer
    return _gap_ms(ledger)


def _study(folder: Path, ledger: Path) -> dict[str, Any]:  # Any: JSON
    job = {"command": [*PROGRAM, str(ledger)], "directory": str(folder)}
    return definition(TRAININGS, max_train_steps=1) | {"job": job}


def _completed(service: Client, study_id: str) -> int:
    counts = service.get(f"/v1/studies/{study_id}")["rounds"][0]["counts"]
    return int(counts["completed"])


def _bare(folder: Path) -> float:
    ledger = folder / f"ledger-{uuid.uuid4().hex}"
    for _ in range(TRAININGS):
        environment = os.environ | {"PACELINE_TRIAL_DIR": str(folder)}
        subprocess.Popen([*PROGRAM, str(ledger)], env=environment).wait()
    return _gap_ms(ledger)


def _gap_ms(ledger: Path) -> float:
    """The median from an end to the next beginning."""
    times = [tuple(map(float, line.split())) for line in ledger.read_text().splitlines()]
    return 1000 * middle([after[0] - before[1] for before, after in pairwise(times)])
