"""Reads `reports.jsonl` from the acknowledged offset: whole lines alone; bad ones are skipped."""

import json
import math
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import structlog

from app.domain.reports import METRIC_NAME

CHUNK_BYTES = 256 * 1024  # far below the service's 2 MiB, also when repeated column by column
LAST_LINES_BYTES = 16 * 1024
NON_FINITE_WORDS = frozenset({"nan", "inf", "-inf"})
Number = float | int | str | None  # a string is one of NON_FINITE_WORDS; None: not measured

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Measured:
    """Metrics at one step; no metrics: the step was only said to be done."""

    step: int
    metrics: dict[str, Number]


@dataclass(frozen=True, slots=True)
class Saved:
    """A checkpoint that lies at `path`."""

    step: int
    path: str


Report = Measured | Saved


@dataclass(frozen=True, slots=True)
class Piece:
    """What was read, and the offset to read on from once all of it is acknowledged."""

    reports: tuple[Report, ...]
    next_offset: int


def read_piece(path: Path, offset: int) -> Piece:
    """The next whole lines from `offset`; at most CHUNK_BYTES of them. A file that has become
    shorter was begun anew by its training, and is read anew: reports are idempotent."""
    try:
        with path.open("rb") as file:
            if file.seek(0, os.SEEK_END) < offset:
                log.warning("reports file became shorter, read from its beginning", offset=offset)
                offset = 0
            file.seek(offset)
            data = file.read(CHUNK_BYTES)
    except OSError:  # its training took it away: what was read is kept
        return Piece((), offset)
    end = data.rfind(b"\n") + 1
    if end == 0 and len(data) == CHUNK_BYTES:
        log.warning("report line too long, skipped", offset=offset, limit_bytes=CHUNK_BYTES)
        return Piece((), offset + CHUNK_BYTES)
    reports = [_read_line(line) for line in data[:end].splitlines() if line.strip()]
    return Piece(tuple(report for report in reports if report is not None), offset + end)


def is_finite(value: Number) -> bool:
    return value is None or value not in NON_FINITE_WORDS


def _read_line(line: bytes) -> Report | None:
    try:
        return parse_report(json.loads(line))
    except (ValueError, RecursionError) as error:
        log.warning("bad report line skipped", line=line[:200].decode(errors="replace"), why=error)
        return None


def parse_report(document: Any) -> Report:  # Any: whatever a training wrote
    """One line of the file. Raises ValueError saying what is wrong with it."""
    if not isinstance(document, dict):
        raise ValueError("a report is a JSON object")
    step = document.pop("step", None)
    if not isinstance(step, int) or isinstance(step, bool) or step < 0:
        raise ValueError(f"step must be an integer from 0 on, not {step!r}")
    if "checkpoint" in document:
        if not isinstance(document["checkpoint"], str):
            raise ValueError("checkpoint must be a path")
        return Saved(step, document["checkpoint"])
    named = {name: value for name, value in document.items() if _is_name(name)}
    return Measured(step, {name: _number(name, value) for name, value in named.items()})


@lru_cache(maxsize=1024)
def _is_name(name: str) -> bool:
    """Whether the service takes it; one it does not costs no other metric, and is said once."""
    if METRIC_NAME.fullmatch(name):
        return True
    log.warning("metric left out: the service takes no such name", name=ascii(name)[:60])
    return False


def _number(name: str, value: Any) -> Number:  # Any: JSON
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str) and value.lower() in NON_FINITE_WORDS:
        return value.lower()
    raise ValueError(f"{name} must be a number, null, or one of nan, inf, -inf, not {value!r}")


def last_step(path: Path) -> int | None:
    """The step of the last whole line, acknowledged or not; None if there is none yet."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - LAST_LINES_BYTES))
            lines = file.read(LAST_LINES_BYTES).split(b"\n")[:-1]
    except OSError:  # its training took it away
        return None
    for line in reversed(lines):
        try:
            return parse_report(json.loads(line)).step
        except (ValueError, RecursionError):
            continue
    return None
