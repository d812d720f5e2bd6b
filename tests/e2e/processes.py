"""Real `paceline` processes on free ports in a test's own folder; whatever was started is ended,
and nothing that it started in turn may outlive it.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.support.waiting import wait_until

PACELINE = (sys.executable, "-m", "paceline.cli.main")
REPOSITORY = Path(__file__).parents[2]
LEASE_SECONDS = 3.0
QUICK = {  # the timing of the contract's section 7, for people in a hurry
    "PACELINE_LEASE_SECONDS": str(LEASE_SECONDS),
    "PACELINE_HEARTBEAT_SECONDS": "0.5",
    "PACELINE_SWEEP_SECONDS": "0.5",
    "PACELINE_GRACE_SECONDS": "3",
    "PACELINE_TICK_SECONDS": "0.25",
}
GOODBYE_SECONDS = 25.0  # a worker may use up its grace and the API its 10 s


class Process:
    """One started command: its log, its end."""

    def __init__(self, name: str, popen: "subprocess.Popen[bytes]", log: Path) -> None:
        self.name, self.popen, self.log_file = name, popen, log

    @property
    def log(self) -> str:
        """What it wrote so far, stdout and stderr together."""
        return self.log_file.read_text(errors="replace")

    @property
    def is_running(self) -> bool:
        return self.popen.poll() is None

    def until(self, is_ready: Callable[[], object], what: str, seconds: float = 40) -> None:
        """Wait until ready; an early end or the deadline fails with the log."""
        try:
            wait_until(lambda: is_ready() or not self.is_running, seconds=seconds, what=what)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self._tail()}") from None
        assert self.is_running, f"{self.name} ended with {self.popen.returncode}\n{self._tail()}"

    def stop(self, *, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, wait, return the exit code."""
        self.popen.send_signal(number)
        try:
            return self.popen.wait(GOODBYE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"{self.name} did not end within {GOODBYE_SECONDS} s\n{self._tail()}"
            ) from None

    def kill(self) -> None:
        """End it as a crash would (signal 9)."""
        self.popen.kill()
        self.popen.wait(GOODBYE_SECONDS)

    def _tail(self) -> str:
        return f"--- log of {self.name}\n{self.log[-4000:]}"


class Fleet:
    """The processes of one test. `environment` is what all of them get besides ours."""

    def __init__(self, folder: Path, environment: Mapping[str, str] = QUICK) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            **environment,
            "PYTHONPATH": str(REPOSITORY),
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "PACELINE_LOCK_DIR": str(folder / "locks"),
        }
        self.processes: list[Process] = []

    def start(
        self,
        name: str,
        *words: str,
        directory: Path | None = None,
        environment: Mapping[str, str] | None = None,
        through: Sequence[str] = (),
        program: Sequence[str] = PACELINE,
    ) -> Process:
        """Start `paceline WORDS` in the background, or a command that becomes it: `through`, or
        another program."""
        where = directory or self.folder / name
        where.mkdir(parents=True, exist_ok=True)
        log = self.folder / f"{name}-{len(self.processes)}.log"
        with log.open("wb") as file:
            popen = subprocess.Popen(
                [*through, *program, *words],
                cwd=where,
                env={**self.environment, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        process = Process(name, popen, log)
        self.processes.append(process)
        return process

    def call(
        self,
        *words: str,
        directory: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> "subprocess.CompletedProcess[str]":
        """Run `paceline WORDS` to its end."""
        return subprocess.run(
            [*PACELINE, *words],
            cwd=directory or self.folder,
            env={**self.environment, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def close(self) -> None:
        """End what still runs, then see to it that nothing is left behind. Kills what is, and
        raises AssertionError."""
        alive = [process for process in reversed(self.processes) if process.is_running]
        for process in alive:
            process.popen.send_signal(signal.SIGCONT)
            process.popen.terminate()
        deadline = time.monotonic() + GOODBYE_SECONDS
        for process in alive:
            try:
                process.popen.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
        end_leftovers(self.folder)


def end_leftovers(folder: Path) -> None:
    """Nothing that works in the folder may outlive its test; give it a grace, then kill and
    fail."""
    try:
        wait_until(lambda: not at_work_in(folder), seconds=15, what="trainings and keepers to end")
    except AssertionError as late:
        left = at_work_in(folder)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        raise AssertionError(f"{late}; killed what was left: {left}") from None


def at_work_in(folder: Path) -> dict[int, str]:
    """The processes of ours whose environment or command names the folder, with their command."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            command, environment = _read(entry / "cmdline"), _read(entry / "environ")
            if command and str(folder).encode() in command + b"\0" + environment:
                found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace")
    return found


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # it ended meanwhile, or is not ours
        return b""
