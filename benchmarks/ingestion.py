"""Measurements in batches of 1,000: points a second, against Optuna's report()."""

import uuid
from time import perf_counter

from benchmarks import optuna_peer
from benchmarks.service import claim_request, definition
from benchmarks.table import Row, middle
from paceline.client import Client

BATCH, BATCHES, RUNS, PEER_POINTS = 1_000, 40, 3, 200


def measure(server: str, service: Client) -> list[Row]:
    """Points a second."""
    ours = [_run(service) for _ in range(RUNS)]
    return [
        Row(
            "measurements, batches of 1,000",
            middle(ours),
            _peer(server),
            "points/s",
            ">= 100x",
            spread=(min(ours), max(ours)),
        )
    ]


def _run(service: Client) -> float:
    study_id = service.post("/v1/studies", definition(1, BATCH * BATCHES))["id"]
    claim = service.post("/v1/claims", claim_request(study_id, f"bench-{uuid.uuid4().hex[:8]}"))
    path = f"/v1/attempts/{claim['attempt_id']}/measurements"
    headers = {"Paceline-Attempt-Token": claim["token"]}
    began = perf_counter()
    for batch in range(BATCHES):
        steps = list(range(batch * BATCH + 1, (batch + 1) * BATCH + 1))
        body = {"steps": steps, "metrics": {"loss": [1.0 / step for step in steps]}}
        service.post(path, body, headers=headers)
    return BATCH * BATCHES / (perf_counter() - began)


def _peer(server: str) -> float:
    with optuna_peer.peer_study(server) as study:
        trial = study.ask()
        began = perf_counter()
        for step in range(PEER_POINTS):
            trial.report(1.0, step)
        return PEER_POINTS / (perf_counter() - began)
