"""A trial's life with 100 points, durable: trials a second, one and four workers, against
Optuna."""

from collections.abc import Sequence
from time import perf_counter

from benchmarks import optuna_peer
from benchmarks.players import Address, play_all, seconds_of
from benchmarks.service import POINTS, definition
from benchmarks.table import Row, middle
from paceline.client import Client

TRIALS, RUNS, PEER_TRIALS = 80, 3, 5


def measure(server: str, service: Client, second: Client) -> list[Row]:
    """Trials a second: ours with one worker and four, over one API process and two; the peer's
    with one."""
    one = [_run([service], 1) for _ in range(RUNS)]
    four = [_run([service], 4) for _ in range(RUNS)]
    spread = [_run([service, second], 4) for _ in range(RUNS)]
    peer = _peer(server)
    return [
        Row(
            "life cycle, 100 points, 1 worker",
            middle(one),
            peer,
            "trials/s",
            ">= 20x",
            spread=(min(one), max(one)),
        ),
        Row(
            "life cycle, 4 workers over 1 worker",
            middle(four) / middle(one),
            None,
            "x",
            ">= 1.5x",
            spread=(min(four) / middle(one), max(four) / middle(one)),
        ),
        Row(
            "the same over two API processes",
            middle(spread) / middle(one),
            None,
            "x",
            ">= 1.5x",
            spread=(min(spread) / middle(one), max(spread) / middle(one)),
        ),
    ]


def _run(services: Sequence[Client], workers: int) -> float:
    service = services[0]
    addresses = [Address(one.url, one.token) for one in services]
    study_id = service.post("/v1/studies", definition(TRIALS))["id"]
    seconds = seconds_of(play_all, addresses, study_id, workers)
    counts = service.get(f"/v1/studies/{study_id}")["rounds"][0]["counts"]
    if counts["completed"] != TRIALS:
        raise RuntimeError(f"not every trial was completed: {counts}")
    return TRIALS / seconds


def _peer(server: str) -> float:
    with optuna_peer.peer_study(server) as study:
        optuna_peer.play_trial(study, 1)  # the first trial pays for the imports
        began = perf_counter()
        for _ in range(PEER_TRIALS):
            optuna_peer.play_trial(study, POINTS)
        return PEER_TRIALS / (perf_counter() - began)
