"""A trial's life with 100 points, durable: trials a second, one and four workers, against
Optuna."""

import threading
import uuid
from time import perf_counter

from benchmarks import optuna_peer
from benchmarks.service import POINTS, definition, play_trial
from benchmarks.table import Row, middle
from paceline.client import Client

TRIALS, RUNS, PEER_TRIALS = 60, 3, 3


def measure(server: str, service: Client) -> list[Row]:
    """Trials a second: ours with one worker and four, the peer's with one."""
    one = [_run(service, 1) for _ in range(RUNS)]
    four = [_run(service, 4) for _ in range(RUNS)]
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
    ]


def _run(service: Client, workers: int) -> float:
    study_id = service.post("/v1/studies", definition(TRIALS))["id"]
    threads = [threading.Thread(target=_work, args=(service, study_id)) for _ in range(workers)]
    began = perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = perf_counter() - began
    counts = service.get(f"/v1/studies/{study_id}")["rounds"][0]["counts"]
    if counts["completed"] != TRIALS:
        raise RuntimeError(f"not every trial was completed: {counts}")
    return TRIALS / seconds


def _work(service: Client, study_id: str) -> None:
    worker = f"bench-{uuid.uuid4().hex[:8]}"
    while play_trial(service, study_id, worker):
        pass


def _peer(server: str) -> float:
    with optuna_peer.peer_study(server) as study:
        optuna_peer.play_trial(study, 1)  # the first trial pays for the imports
        began = perf_counter()
        for _ in range(PEER_TRIALS):
            optuna_peer.play_trial(study, POINTS)
        return PEER_TRIALS / (perf_counter() - began)
