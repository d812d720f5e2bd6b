"""The keeper: a small process between supervisor and training that owns the deadline.
It starts the training in a session of its own, and ends the whole family (TERM, then KILL after
the grace) when asked to, when its pipe closes (supervisor killed) or when `valid_until` has passed
(supervisor frozen). A script of the standard library alone: it starts fast and outlives everything.

In (stdin): one line of JSON (argv, env, cwd, stdout, stderr, grace_seconds, valid_until), then
`valid_until <CLOCK_BOOTTIME seconds>` and `end <seconds until KILL>`.
Out (stdout): `started <pid>` or `failed <why>`, then `exited <code> <own|asked|closed|deadline>`.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time

CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # goes on while the machine sleeps
CHECK_SECONDS = 1.0  # select() sleeps by another clock than the deadline's
PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Read the order, run the training, end its family, say how it went."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _note)  # not SIG_IGN: an exec would hand that down to the training
    adopt_orphans()
    orders = Orders(0)
    first = orders.wait_for_first()
    if first is None:
        return
    spec = json.loads(first)
    orders.valid_until = spec["valid_until"]
    orders.follow_waiting()
    try:
        family = Family(spec)
    except OSError as error:
        say(f"failed {error}")
        return
    say(f"started {family.leader.pid}")
    cause = keep(family, orders, spec["grace_seconds"])
    say(f"exited {family.leader.returncode} {cause}")


def keep(family: "Family", orders: "Orders", grace: float) -> str:
    """Wait until the whole family is gone; the answer says why it ended."""
    cause: str | None = None
    kill_at = float("inf")
    while family.is_alive():
        now = time.clock_gettime(CLOCK)
        if cause is None:
            cause = why_end(orders, now, has_leader=family.leader.returncode is None)
            if cause:
                kill_at = now + grace
                family.signal(signal.SIGTERM)
        if orders.end_after is not None:
            kill_at, orders.end_after = min(kill_at, now + orders.end_after), None
        if now >= kill_at:
            family.signal(signal.SIGKILL)
        due_in = (kill_at if cause else orders.valid_until) - now
        orders.wait(min(due_in, CHECK_SECONDS) if due_in > 0 else CHECK_SECONDS)
    return cause or "own"


def why_end(orders: "Orders", now: float, *, has_leader: bool) -> str | None:
    """The first reason to end the family, or None. A leader that is gone leaves nobody behind."""
    if orders.end_after is not None:
        return "asked"
    if not has_leader:
        return "own"
    if orders.closed:
        return "closed"
    return "deadline" if now >= orders.valid_until else None


class Family:
    """The training process, its group, and every orphan that it leaves behind."""

    def __init__(self, spec: dict[str, object]) -> None:
        with open(str(spec["stdout"]), "ab") as out, open(str(spec["stderr"]), "ab") as err:
            self.leader = subprocess.Popen(  # close_fds: the slot's locks stay with the keeper
                spec["argv"],  # type: ignore[call-overload]  # the order is the supervisor's own JSON
                env=spec["env"],
                cwd=spec["cwd"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    def is_alive(self) -> bool:
        """Whether anyone is left; reaps whoever has ended."""
        gone = self.leader.poll() is not None
        orphans = [pid for pid in children() if pid != self.leader.pid and not reap(pid)]
        return not gone or bool(orphans) or self._has_group()

    def signal(self, number: int) -> None:
        for pid in children():
            if pid != self.leader.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.leader.pid, number)

    def _has_group(self) -> bool:
        try:
            os.killpg(self.leader.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True


class Orders:
    """The lines that come through the pipe, and the bell that a child's end rings."""

    def __init__(self, descriptor: int) -> None:
        self._pipe, self._rest = descriptor, b""
        self._waiting: list[str] = []
        self._bell, bell_in = os.pipe()
        for end in (self._bell, bell_in):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(bell_in, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _note)
        self.closed = False
        self.valid_until = float("inf")
        self.end_after: float | None = None

    def wait_for_first(self) -> str | None:
        while not self.closed:
            lines = self._read()
            if lines:
                self._waiting = lines[1:]
                return lines[0]
        return None

    def follow_waiting(self) -> None:
        """Follow the lines that came together with the first."""
        for line in self._waiting:
            self._follow(line)

    def wait(self, seconds: float) -> None:
        watched = [self._bell] if self.closed else [self._bell, self._pipe]
        ready, _, _ = select.select(watched, [], [], seconds)
        if self._bell in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._bell, 4096)
        if self._pipe in ready:
            for line in self._read():
                self._follow(line)

    def _follow(self, line: str) -> None:
        word, _, number = line.partition(" ")
        if word == "valid_until":
            self.valid_until = float(number)
        elif word == "end":
            self.end_after = float(number)

    def _read(self) -> list[str]:
        data = os.read(self._pipe, 1 << 20)
        self.closed = not data
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [line.decode() for line in lines]


def children() -> list[int]:
    """The keeper's own children, adopted orphans among them (elsewhere than Linux: none)."""
    pid = os.getpid()
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def reap(pid: int) -> bool:
    """Whether the child has ended, and is buried now."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def adopt_orphans() -> None:
    """Become the parent of grandchildren whose parent ends, also of those that left the group."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - start-up time where it is of no use

        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def say(line: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # the supervisor is gone: nobody listens
        os.write(1, line.encode() + b"\n")


def _note(*_: object) -> None:
    """Take notice of a signal, and do nothing else."""


if __name__ == "__main__":
    main()
