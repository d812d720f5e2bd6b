"""A TCP proxy that spoils what passes: late, in drips, not at all, half way, or with a reset.
The faults may be changed while connections are open; all chance comes from one seed. Before several
servers it is a balancer: each connection goes to the next one in turn that takes it.
"""

import random
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

CHUNK = 16 * 1024
LOOK_SECONDS = 0.02  # how soon an open connection notices that the faults were changed
RESET_AT_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, for 0 s


@dataclass(frozen=True)
class Faults:
    """What befalls each direction: `asked` goes to the server, `answered` comes from it."""

    delay_seconds: float = 0.0
    jitter_seconds: float = 0.0  # as much more at most
    bytes_per_second: float | None = None
    is_asked_stalled: bool = False
    is_answered_stalled: bool = False
    is_refusing: bool = False
    reset_share: float = 0.0  # of the pieces that pass: the connection is reset instead
    cut_after_bytes: int | None = None  # of a connection's answers; the rest never comes


NONE = Faults()


class Proxy:
    """Stands before addresses (host, port); `faults` may be set at any time."""

    def __init__(
        self, servers: Sequence[tuple[str, int]], seed: int = 0, listen: str = "127.0.0.1"
    ) -> None:
        self.faults = NONE
        self.accepted = self.spoiled = 0
        self._servers = servers
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        self._open: set[Link] = set()
        self._listener = socket.create_server((listen, 0), backlog=128)
        self._is_closed = threading.Event()
        self.host, self.port = listen, int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def reset_all(self) -> int:
        """Reset every connection that is open now; how many."""
        with self._lock:
            links = list(self._open)
        for link in links:
            link.reset()
        return len(links)

    def close(self) -> None:
        self._is_closed.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.reset_all()

    @property
    def is_closed(self) -> bool:
        return self._is_closed.is_set()

    def pause(self, seconds: float) -> None:
        self._is_closed.wait(seconds)

    def draw_delay(self) -> float:
        with self._lock:
            faults = self.faults
            return faults.delay_seconds + self._chance.uniform(0.0, faults.jitter_seconds)

    def draw_reset(self) -> bool:
        with self._lock:
            is_reset = self._chance.random() < self.faults.reset_share
            self.spoiled += is_reset
            return is_reset

    def forget(self, link: "Link") -> None:
        with self._lock:
            self._open.discard(link)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            self.accepted += 1
            if self.faults.is_refusing:
                _reset(client)
                continue
            threading.Thread(
                target=self._connect, args=(client, self.accepted), daemon=True
            ).start()

    def _connect(self, client: socket.socket, turn: int) -> None:
        server = self._reach(turn)
        if server is None:
            _reset(client)
            return
        server.settimeout(None)
        link = Link(self, client, server)
        with self._lock:
            self._open.add(link)
        link.start()

    def _reach(self, turn: int) -> socket.socket | None:
        """The server whose turn it is, or the next one that does not refuse."""
        for number in range(turn, turn + len(self._servers)):
            with suppress(OSError):
                return socket.create_connection(
                    self._servers[number % len(self._servers)], timeout=10
                )
        return None


class Link:
    """One connection: two pumps, and an end that both share."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy, self._client, self._server = proxy, client, server
        self._left = 2
        self._lock = threading.Lock()
        self.is_over = False

    def start(self) -> None:
        for is_answer in (False, True):
            threading.Thread(target=self._pump, args=(is_answer,), daemon=True).start()

    def reset(self) -> None:
        """Both ends see a connection reset by its peer."""
        self.is_over = True
        for end in (self._client, self._server):
            _reset(end)

    def _pump(self, is_answer: bool) -> None:
        source, sink = (self._server, self._client) if is_answer else (self._client, self._server)
        passed = 0
        try:
            while data := source.recv(CHUNK):
                data = self._spoil(data, passed, is_answer=is_answer)
                if self.is_over:
                    break
                sink.sendall(data)
                passed += len(data)
            if not self.is_over:  # else the end would be a friendly one
                sink.shutdown(socket.SHUT_WR)
        except OSError:  # one end is gone, or the link was reset
            pass
        finally:
            self._leave()

    def _spoil(self, data: bytes, passed: int, *, is_answer: bool) -> bytes:
        """What is left to pass on, once it may pass."""
        self._proxy.pause(self._proxy.draw_delay())
        self._wait_while_stalled(is_answer=is_answer)
        faults = self._proxy.faults
        if self._proxy.draw_reset():
            self.reset()
        if is_answer and faults.cut_after_bytes is not None:
            return self._cut(data, faults.cut_after_bytes - passed)
        if faults.bytes_per_second:
            self._proxy.pause(len(data) / faults.bytes_per_second)
        return data

    def _wait_while_stalled(self, *, is_answer: bool) -> None:
        while not (self.is_over or self._proxy.is_closed):
            faults = self._proxy.faults
            if not (faults.is_answered_stalled if is_answer else faults.is_asked_stalled):
                return
            self._proxy.pause(LOOK_SECONDS)

    def _cut(self, data: bytes, left: int) -> bytes:
        if len(data) > left:
            with suppress(OSError):
                self._client.sendall(data[: max(0, left)])
            self._proxy.spoiled += 1
            self.reset()
        return data

    def _leave(self) -> None:
        with self._lock:
            self._left -= 1
            is_last = self._left == 0
        if is_last:
            for end in (self._client, self._server):
                end.close()
            self._proxy.forget(self)


def _reset(end: socket.socket) -> None:
    """Close with RST: whoever reads on the other side hears of it at once."""
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
        end.shutdown(socket.SHUT_RD)  # a pump that waits in recv() wakes up
    with suppress(OSError):
        end.close()


@contextmanager
def proxy_before(*urls: str, seed: int = 0, listen: str = "127.0.0.1") -> Iterator[Proxy]:
    """A proxy before each `http://host:port` while the block runs."""
    addresses = [url.removeprefix("http://").partition(":") for url in urls]
    proxy = Proxy([(host, int(port)) for host, _, port in addresses], seed, listen)
    try:
        yield proxy
    finally:
        proxy.close()
