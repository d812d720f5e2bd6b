"""The supervisor's end of the keeper: start one ahead of time, give it a training, hear its end."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from workers import keeper
from workers.orphans import end_all_of

START_SECONDS = 0.2  # a training starts alone: its imports want the cores
KEEPER_PROGRAM = Path(keeper.__file__)


def boot_seconds() -> float:
    """Now, by the clock that the keeper reads."""
    return time.clock_gettime(keeper.CLOCK)


@dataclass(frozen=True, slots=True)
class Order:
    """One training to start; every path absolute, the environment complete."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str
    stdout: str
    stderr: str
    grace_seconds: float
    valid_until: float


@dataclass(frozen=True, slots=True)
class Ended:
    """How the training ended: `exit_code` is negative for a signal; None: it never started.
    `cause` is own, asked, closed, deadline, never_started or keeper_lost."""

    exit_code: int | None
    cause: str
    message: str = ""


class Keeper:
    """A keeper process; idle until `launch`. Closing its pipe ends whatever it keeps."""

    def __init__(self, locks: Sequence[int] = ()) -> None:
        """`locks`: descriptors that the keeper holds too, so that a slot whose worker was killed
        stays locked until its training has really ended."""
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(KEEPER_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=tuple(locks),
            start_new_session=True,
            bufsize=0,  # select() must see every line that was not read yet
        )
        self._group: int | None = None
        self._trial_folder: Path | None = None
        self._ended: Ended | None = None

    @property
    def pid(self) -> int:
        return self._process.pid

    def launch(self, order: Order) -> None:
        """Start the training. Returns at once; `wait` tells what came of it."""
        self._trial_folder = Path(order.env["PACELINE_TRIAL_DIR"])
        document = {name: getattr(order, name) for name in Order.__dataclass_fields__}
        self._tell(json.dumps({**document, "env": dict(order.env)}))

    def renew(self, valid_until: float) -> None:
        self._tell(f"valid_until {valid_until}")

    def end(self, kill_after_seconds: float) -> None:
        """TERM to the training's family now, KILL after so many seconds."""
        self._tell(f"end {kill_after_seconds}")

    def wait(self, timeout_seconds: float) -> Ended | None:
        """The end of the training; None: it did not come within the time."""
        output = self._stream(self._process.stdout)
        deadline = time.monotonic() + timeout_seconds
        while self._ended is None:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([output], [], [], left)[0]:
                break
            self._hear(output.readline())
        return self._ended

    def close(self) -> None:
        """Let the keeper go; one that still keeps a training ends it first."""
        self._stream(self._process.stdin).close()
        self._process.wait()
        self._stream(self._process.stdout).close()

    def _hear(self, line: bytes) -> None:
        word, _, rest = line.decode().strip().partition(" ")
        if word == "started":
            self._group = int(rest)
        elif word == "exited":
            code, _, cause = rest.partition(" ")
            self._ended = Ended(int(code), cause)
        elif word == "failed":
            self._ended = Ended(None, "never_started", rest)
        else:
            self._ended = self._orphaned()

    def _orphaned(self) -> Ended:
        """Somebody killed the keeper: nobody else is left to end its training."""
        if self._group is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._group, signal.SIGKILL)
        if self._trial_folder is not None:  # it may have died before it told the group
            end_all_of(self._trial_folder)
        return Ended(None, "keeper_lost", "the keeper process was killed")

    def _tell(self, line: str) -> None:
        if self._ended is not None:  # and may be closed, while the attempt's end is still told
            return
        # it has ended (`wait` says how), or is closed: whatever it kept is ended
        with contextlib.suppress(BrokenPipeError, ValueError):
            self._stream(self._process.stdin).write(line.encode() + b"\n")

    @staticmethod
    def _stream(stream: IO[bytes] | None) -> IO[bytes]:
        assert stream is not None  # both were asked for as pipes
        return stream
