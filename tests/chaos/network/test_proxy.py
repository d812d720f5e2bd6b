"""The proxy does to a connection what it says it does, and nothing else."""

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.chaos.network.proxy import NONE, Faults, Proxy, proxy_before
from tests.support.waiting import wait_until

SECONDS = 20


class Echo(socketserver.BaseRequestHandler):
    """Says back what it hears, and keeps count of it."""

    heard = 0

    def handle(self) -> None:
        try:
            while data := self.request.recv(4096):
                type(self).heard += len(data)
                self.request.sendall(data)
        except OSError:  # what these tests are about
            return


class Echoes(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False


class Address(socketserver.BaseRequestHandler):
    """Says which server took the connection."""

    def handle(self) -> None:
        self.request.sendall(url_at(self.request.getsockname()[1]).encode())


def url_at(port: int) -> str:
    return f"http://127.0.0.1:{port}"


@contextmanager
def serving(handler: type[socketserver.BaseRequestHandler]) -> Iterator[str]:
    """The address of a server that stands while the block runs."""
    with Echoes(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
        yield url_at(int(server.server_address[1]))
        server.shutdown()


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    Echo.heard = 0
    with serving(Echo) as url, proxy_before(url, seed=7) as proxy:
        yield proxy


@pytest.fixture
def client(proxy: Proxy) -> Iterator[socket.socket]:
    with socket.create_connection((proxy.host, proxy.port), timeout=SECONDS) as client:
        client.sendall(b"hello")
        assert client.recv(100) == b"hello"  # it stands, with both pumps
        yield client


def test_without_faults_everything_passes_and_the_end_too(client: socket.socket) -> None:
    sent = bytes(range(256)) * 1000
    threading.Thread(target=client.sendall, args=(sent,)).start()
    got = b""
    while len(got) < len(sent):
        got += client.recv(4096)
    assert got == sent
    client.shutdown(socket.SHUT_WR)
    assert client.recv(100) == b""


def test_what_passes_is_late_by_the_delay_both_ways(proxy: Proxy, client: socket.socket) -> None:
    proxy.faults = Faults(delay_seconds=0.1, jitter_seconds=0.05)
    began = time.monotonic()
    client.sendall(b"late")
    assert client.recv(100) == b"late"
    assert time.monotonic() - began >= 0.2


def test_requests_arrive_and_answers_do_not(proxy: Proxy, client: socket.socket) -> None:
    proxy.faults = Faults(is_answered_stalled=True)
    client.sendall(b"heard?")
    wait_until(lambda: Echo.heard == len(b"hello" + b"heard?"), what="the request to arrive")
    client.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.recv(100)
    proxy.faults = NONE
    client.settimeout(SECONDS)
    assert client.recv(100) == b"heard?"


def test_requests_do_not_arrive(proxy: Proxy, client: socket.socket) -> None:
    proxy.faults = Faults(is_asked_stalled=True)
    client.sendall(b"lost")
    client.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.recv(100)
    assert Echo.heard == len(b"hello")


def test_an_open_connection_is_reset(proxy: Proxy, client: socket.socket) -> None:
    assert proxy.reset_all() == 1
    with pytest.raises(ConnectionResetError):
        client.recv(100)


def test_every_piece_may_be_reset(proxy: Proxy, client: socket.socket) -> None:
    proxy.faults = Faults(reset_share=1.0)
    client.sendall(b"x")
    with pytest.raises(ConnectionResetError):
        client.recv(100)
    assert proxy.spoiled == 1


def test_nobody_new_is_let_in(proxy: Proxy) -> None:
    proxy.faults = Faults(is_refusing=True)
    with (  # the reset may come before connect() has returned, or after
        pytest.raises(ConnectionResetError),
        socket.create_connection((proxy.host, proxy.port), timeout=SECONDS) as refused,
    ):
        refused.recv(100)


def test_an_answer_is_cut_after_so_many_bytes(proxy: Proxy) -> None:
    proxy.faults = Faults(cut_after_bytes=3)
    got: list[bytes] = []
    with socket.create_connection((proxy.host, proxy.port), timeout=SECONDS) as client:
        client.sendall(b"hello")
        with pytest.raises(ConnectionResetError):
            got.extend(iter(lambda: client.recv(100), b""))
    assert b"hel".startswith(b"".join(got))  # a reset may overtake what was sent before it


def test_a_narrow_link_takes_its_time(proxy: Proxy, client: socket.socket) -> None:
    proxy.faults = Faults(bytes_per_second=10_000)
    began = time.monotonic()
    client.sendall(b"x" * 2000)
    got = 0
    while got < 2000:
        got += len(client.recv(4096))
    assert time.monotonic() - began >= 0.2


def test_the_same_seed_draws_the_same_delays() -> None:
    drawn = []
    for seed in (1, 1, 2):
        with proxy_before("http://127.0.0.1:1", seed=seed) as proxy:
            proxy.faults = Faults(jitter_seconds=1.0)
            drawn.append([proxy.draw_delay() for _ in range(5)])
    assert drawn[0] == drawn[1] != drawn[2]


def taken_by(proxy: Proxy) -> str:
    """The address of the server that answered; empty: nobody took the connection."""
    try:
        with socket.create_connection((proxy.host, proxy.port), timeout=SECONDS) as client:
            return client.recv(100).decode()
    except ConnectionResetError:
        return ""


def test_before_several_servers_every_connection_goes_to_one_that_takes_it() -> None:
    with serving(Address) as stays:
        with serving(Address) as leaves, proxy_before(stays, leaves) as both:
            assert {taken_by(both) for _ in range(4)} == {stays, leaves}, "each in turn"
        with proxy_before(leaves, stays) as proxy:
            assert [taken_by(proxy) for _ in range(4)] == [stays] * 4
    with proxy_before(leaves, stays) as proxy:
        assert taken_by(proxy) == ""
