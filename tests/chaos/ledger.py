"""What trainings wrote down themselves: the oracle, outside the product."""

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a training process did; `at` is CLOCK_BOOTTIME in seconds."""

    event: str  # start | step | checkpoint | end
    trial: str
    attempt: str
    pid: int
    step: int
    at: float


def read_ledger(file: Path) -> list[Entry]:
    """All entries in the order of their writing; one write a line, so no kill cuts one."""
    if not file.exists():
        return []
    return [Entry(**json.loads(line)) for line in file.read_text().splitlines()]


def by_attempt(entries: list[Entry]) -> dict[str, list[Entry]]:
    """The entries of each attempt, in order."""
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        found[entry.attempt].append(entry)
    return found
