"""A real HTTP server that speaks S3 (moto), which a test may kill and start again on its port;
what it holds lies in its memory and goes with it.
"""

import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.waiting import free_port, wait_until

BUCKET = "checkpoints"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "tester", "AWS_SECRET_ACCESS_KEY": "not-to-be-seen"}


class S3Server:
    """One server on a port of its own; `environment` is what a process needs to speak with it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": "us-east-1",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server with an empty bucket."""
        words = ["-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        with (self.folder / "s3.log").open("ab") as log:
            self.process = subprocess.Popen([sys.executable, *words], stdout=log, stderr=log)
        wait_until(self.answers, seconds=60, what=f"the S3 server on port {self.port}")
        self.ask("PUT", f"/{BUCKET}")

    def answers(self) -> bool:
        """Whether the server takes requests now."""
        try:
            self.ask("GET", "/moto-api/")
        except OSError:
            return False
        return True

    def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """A request that nobody checks, for what a test does behind the product's back."""
        data = body if method in ("PUT", "POST") else None
        signed = {"Authorization": "AWS tester:x", "Content-Type": "application/octet-stream"}
        request = urllib.request.Request(self.endpoint + path, data, signed, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return bytes(answer.read())

    def keys(self) -> str:
        """The listing of the bucket, as XML."""
        return self.ask("GET", f"/{BUCKET}?list-type=2").decode()

    def kill(self) -> None:
        """Kill it with signal 9; nothing happens when it is down."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=20)
            self.process = None


@contextmanager
def own_s3() -> Iterator[S3Server]:
    """A started server with an empty bucket; the block's end kills it."""
    with tempfile.TemporaryDirectory(prefix="paceline-s3-") as scratch:
        server = S3Server(Path(scratch))
        server.start()
        try:
            yield server
        finally:
            server.kill()
