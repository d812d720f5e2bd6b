"""A small HTTP front before a real server, which can refuse, break and delay what passes it."""

import contextlib
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE")
BREAK = 0  # instead of a status: close the connection without a word


@dataclass
class Front:
    """`fault`: a status for a request that must not pass (by method, path and how many came before
    it), BREAK, or None to let it pass to `behind`."""

    behind: str
    fault: Callable[[str, str, int], int | None] = lambda *_: None
    seen: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    front: Front

    def handle_one(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.front.lock:
            status = self.front.fault(self.command, self.path, len(self.front.seen))
            self.front.seen.append(f"{self.command} {self.path}")
        if status == BREAK:
            self.close_connection = True
        elif status is not None:
            self._answer(status, {}, b"<Error><Code>Planted</Code></Error>")
        else:
            self._pass_on(body)

    def _pass_on(self, body: bytes) -> None:
        headers = {"Content-Type": "application/octet-stream", **self.headers}
        headers.pop("Connection", None)
        data = body if self.command in ("PUT", "POST") else None
        request = urllib.request.Request(
            self.front.behind + self.path, data, headers, method=self.command
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                self._answer(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                self._answer(refused.code, dict(refused.headers), refused.read())

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("connection", "transfer-encoding", "server", "date"):
                self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        with contextlib.suppress(ConnectionError):  # the asker gave up
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def front_of(behind: str) -> Iterator[Front]:
    """A front on a free port while the block runs."""
    front = Front(behind)
    methods = {f"do_{name}": _Handler.handle_one for name in METHODS}
    handler = type("FrontHandler", (_Handler,), {"front": front, **methods})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    front.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
    try:
        yield front
    finally:
        server.shutdown()
        server.server_close()
