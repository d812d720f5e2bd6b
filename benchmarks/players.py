"""Players: processes of their own that play trials through a client of the standard library, so
that the server is what is measured."""

import http.client
import json
import multiprocessing
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from multiprocessing.synchronize import Barrier
from time import perf_counter
from typing import Any

from benchmarks.service import play_trial

Work = Callable[["LeanClient", str, str], object]  # client, study, worker
MOST_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Address:
    """A server, and the token it wants."""

    url: str
    token: str | None = None


class LeanClient:
    """One connection that stays open; posts JSON and raises on anything but success."""

    def __init__(self, address: Address) -> None:
        place = address.url.removeprefix("http://")
        self._connection = http.client.HTTPConnection(place, timeout=MOST_SECONDS)
        self._headers = {
            "Authorization": f"Bearer {address.token}",
            "Content-Type": "application/json",
        }

    def post(
        self, path: str, body: object, headers: dict[str, str] | None = None
    ) -> Any:  # Any: JSON
        sent = json.dumps(body).encode()
        self._connection.request("POST", path, sent, self._headers | (headers or {}))
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{answer.status} {content!r}")
        return json.loads(content) if content else None


def seconds_of(work: Work, addresses: Sequence[Address], study_id: str, players: int) -> float:
    """How long `players` processes take for the same work together, their start left out; they
    are spread over the servers."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(players + 1)
    processes = [
        context.Process(target=_play, args=(work, address, study_id, barrier))
        for address in islice(cycle(addresses), players)
    ]
    for process in processes:
        process.start()
    barrier.wait(MOST_SECONDS)
    began = perf_counter()
    barrier.wait(MOST_SECONDS)
    seconds = perf_counter() - began
    for process in processes:
        process.join()
    return seconds


def play_all(client: LeanClient, study_id: str, worker: str) -> None:
    """Every trial of the study that this player gets."""
    while play_trial(client, study_id, worker):
        pass


def _play(work: Work, address: Address, study_id: str, barrier: Barrier) -> None:
    client = LeanClient(address)
    barrier.wait(MOST_SECONDS)
    try:
        work(client, study_id, f"bench-{uuid.uuid4().hex[:8]}")
    except Exception:
        barrier.abort()
        raise
    barrier.wait(MOST_SECONDS)
