"""Hosts of their own on one machine: network namespaces that hang from one bridge, each with an
address and a link that can be taken down. The test itself stands on the bridge.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from tests.support.waiting import wait_until

PREFIX = "pl"  # of every interface and namespace, with our process id
FIRST_HOST = 10  # the last number of the first host's address


class Hosts:
    """Use `hosts(...)`, which takes them away again."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self._own = f"{PREFIX}{os.getpid()}"
        self._network = f"10.{200 + os.getpid() // 250 % 50}.{os.getpid() % 250}"

    def make(self) -> None:
        """The bridge, then each host with its loopback, its address and its link."""
        ip("link", "add", self._own, "type", "bridge")
        ip("addr", "add", f"{self.here}/24", "dev", self._own)
        ip("link", "set", self._own, "up")
        for name in self.names:
            space, link = self._space(name), self._link(name)
            ip("netns", "add", space)
            ip("link", "add", link, "type", "veth", "peer", "name", "net", "netns", space)
            ip("-n", space, "addr", "add", f"{self.address(name)}/24", "dev", "net")
            ip("-n", space, "link", "set", "lo", "up")
            ip("-n", space, "link", "set", "net", "up")
            ip("link", "set", link, "master", self._own, "up")

    @property
    def here(self) -> str:
        """Our own address, where the test stands."""
        return f"{self._network}.1"

    def address(self, name: str) -> str:
        return f"{self._network}.{FIRST_HOST + self.names.index(name)}"

    def through(self, name: str) -> tuple[str, ...]:
        """The words before a command that make it run on this host."""
        return ("ip", "netns", "exec", self._space(name))

    def cut(self, name: str) -> None:
        """Pull the host's cable: nobody is told, nothing arrives."""
        ip("link", "set", self._link(name), "down")

    def mend(self, name: str) -> None:
        ip("link", "set", self._link(name), "up")

    def silence(self, name: str, towards: str) -> None:
        """What `name` sends to the other host is lost; what it is sent arrives."""
        space, lost = self._space(name), f"{self.address(towards)}/32"
        ip("-n", space, "route", "add", "blackhole", lost)

    def unsilence(self, name: str, towards: str) -> None:
        space, lost = self._space(name), f"{self.address(towards)}/32"
        ip("-n", space, "route", "del", "blackhole", lost)

    def close(self) -> None:
        """End what still runs on the hosts, and take everything away; never raises half way."""
        for name in self.names:
            with suppress(subprocess.CalledProcessError, AssertionError):
                self._end_all_on(name)
            with suppress(subprocess.CalledProcessError):
                ip("netns", "del", self._space(name))
            with suppress(subprocess.CalledProcessError):  # it went with its host, a little later
                ip("link", "del", self._link(name))
        with suppress(subprocess.CalledProcessError):
            ip("link", "del", self._own)

    def pids_on(self, name: str) -> list[int]:
        return [int(pid) for pid in ip("netns", "pids", self._space(name)).split()]

    def _end_all_on(self, name: str) -> None:
        for pid in self.pids_on(name):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self.pids_on(name), seconds=20, what=f"host {name} to be empty")

    def _space(self, name: str) -> str:
        return f"{self._own}-{name}"

    def _link(self, name: str) -> str:
        return f"{self._own}h{self.names.index(name)}"  # an interface's name has 15 letters at most


def ip(*words: str) -> str:
    """Run `ip WORDS`. Raises CalledProcessError."""
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


def why_impossible() -> str | None:
    """What keeps this machine from making hosts; None where it can."""
    if shutil.which("ip") is None:
        return "there is no `ip` (Debian: iproute2)"
    try:
        with hosts(["a"]):
            return None
    except subprocess.CalledProcessError as error:
        return f"`{' '.join(error.cmd)}` says: {error.stderr.strip()}"


@contextmanager
def hosts(names: Sequence[str]) -> Iterator[Hosts]:
    """Hosts of these names while the block runs; nothing of them is left, whatever happens."""
    made = Hosts(names)
    try:
        made.make()
        yield made
    finally:
        made.close()
