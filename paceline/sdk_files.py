"""The two files between a training process and its supervisor: reports out, control in."""

from __future__ import annotations

import json
import math
import os
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path

METRIC_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")
RESERVED_NAMES = ("step", "checkpoint")
STOP = re.compile(r"stop after step (\d+)")
CONTROL_LOOK_SECONDS = 0.1  # a look costs microseconds; nobody needs an answer sooner


class ReportFile:
    """`reports.jsonl`: one flat JSON object a line, each appended by a single write.

    O_APPEND keeps the lines of all writers apart. A reader that tails the file takes what ends in a
    newline: where a line crosses a page, its first part may be seen a moment before the rest.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._is_torn = False  # a full disk cut the last line short

    def append(self, line: Mapping[str, object]) -> None:
        """Write one line. Raises OSError if the disk refuses, ValueError for a bare NaN."""
        if self._descriptor is None:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
            self._descriptor = os.open(self._path, flags, 0o644)
        text = json.dumps(line, allow_nan=False, separators=(",", ":")) + "\n"
        data = ("\n" + text if self._is_torn else text).encode()
        self._is_torn = os.write(self._descriptor, data) < len(data)
        if self._is_torn:
            raise OSError(f"{self._path} took only a part of the line; is the disk full?")

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class Control:
    """The file `control`, as far as it was read: `stop after step s`, or `cancel`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._next_look_at = 0.0
        self._seen: tuple[int, int, int] | None = None
        self.stop_after: int | None = None  # None: go on
        self.is_cancelled = False

    def look(self) -> None:
        """Read the file if it changed; at most ten looks a second, whatever the caller does."""
        now = time.monotonic()
        if now < self._next_look_at:
            return
        self._next_look_at = now + CONTROL_LOOK_SECONDS
        try:
            status = os.stat(self._path)
            seen = (status.st_mtime_ns, status.st_size, status.st_ino)
            if seen != self._seen and self._read():
                self._seen = seen
        except OSError:  # the usual case: nothing was written yet
            return

    def _read(self) -> bool:
        text = self._path.read_text(encoding="utf-8", errors="replace")
        stops = STOP.findall(text)
        self.is_cancelled = self.is_cancelled or "cancel" in text
        self.stop_after = int(stops[-1]) if stops else self.stop_after
        return bool(stops) or self.is_cancelled


def encode_report(
    step: int, metrics: Mapping[str, object], complain: Callable[[str], None]
) -> dict[str, object]:
    """A line of reports: what can be a number becomes one, what cannot is complained of, left out.

    NaN and infinities become "nan", "inf", "-inf"; None (not measured) stays null.
    """
    line: dict[str, object] = {"step": step}
    for name, value in metrics.items():
        if name in RESERVED_NAMES or METRIC_NAME.fullmatch(name) is None:
            complain(f"metric {name!r} of step {step} is left out: the name is not allowed")
            continue
        try:
            line[name] = None if value is None else plain_number(float(value))  # type: ignore[arg-type]  # numpy and torch scalars, refused below if not
        except Exception as error:  # noqa: BLE001 - a metric's own __float__ must not stop training
            complain(f"metric {name} of step {step} is left out: {error!r}")
    return line


def plain_number(value: float) -> float | str:
    """JSON has no NaN: non-finite values travel as the strings "nan", "inf", "-inf"."""
    return value if math.isfinite(value) else str(value)


def plain_step(step: object) -> int:
    """A step (also numpy's or 10.0) as an int. Raises ValueError if it is none, or negative."""
    whole = int(step)  # type: ignore[call-overload]  # whatever counts: int() judges
    if whole != step or whole < 0:
        raise ValueError(f"a step is a whole number from 0, got {step!r}")
    return int(whole)


def hand_over(source: Path, checkpoint_dir: Path, label: str) -> Path:
    """Give a finished checkpoint its own name at once, and return that path.

    The supervisor collects it a moment later; until then a training loop that saves to one fixed
    path would overwrite it. On another disk it stays where it is. Raises FileNotFoundError,
    ValueError if it is the checkpoint folder itself or lies above it.
    """
    source, folder = source.resolve(), checkpoint_dir.resolve()
    if not source.exists():
        raise FileNotFoundError(f"nothing lies at {source}; save first, then pass the path")
    if source == folder or source in folder.parents:
        raise ValueError(f"{source} holds all checkpoints; pass one file or folder within it")
    target = folder / "handed" / f"{label}-{source.name}"
    try:
        target.parent.mkdir(exist_ok=True)
        source.rename(target)
    except OSError:  # another disk: the supervisor copies it from where it is
        return source
    return target
