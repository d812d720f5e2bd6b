"""The peer of a claim: a POST of bare FastAPI that commits one row, and nothing else."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from fastapi import FastAPI
from psycopg_pool import ConnectionPool

from benchmarks.service import free_port

ADDRESS = "BARE_DATABASE_URL"
DEADLINE_SECONDS = 30


def create_app() -> FastAPI:
    """The application over a pool of ten connections."""
    app = FastAPI(docs_url=None, redoc_url=None)
    pool = ConnectionPool(os.environ[ADDRESS], min_size=10, open=True)

    @app.post("/rows")
    def add_row(body: dict[str, Any]) -> dict[str, Any]:  # Any: JSON
        with pool.connection() as connection:
            connection.execute("INSERT INTO bare_rows (worker) VALUES (%s)", (body["worker"],))
        return body

    return app


@contextmanager
def serving_bare(database_url: str) -> Iterator[str]:
    """A process of it; yields its address."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE bare_rows (id bigserial PRIMARY KEY, worker text)")
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "benchmarks.bare:create_app", "--factory"]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--log-level", "error", "--no-access-log"],
        env=os.environ | {ADDRESS: database_url},
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url)
        yield url
    finally:
        process.terminate()
        process.wait(15)


def _wait(url: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=1)
        except urllib.error.HTTPError:
            return  # it answers: 404
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"the bare server did not come up within {DEADLINE_SECONDS} s")
