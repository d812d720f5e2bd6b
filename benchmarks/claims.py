"""Claims through HTTP, four workers at once, against a bare FastAPI POST with one commit."""

import uuid

from benchmarks.bare import serving_bare
from benchmarks.players import Address, LeanClient, seconds_of
from benchmarks.service import claim_request, definition, fresh_database
from benchmarks.table import Row, middle
from paceline.client import Client

PLAYERS, CLAIMS_EACH, RUNS = 4, 60, 3


def measure(server: str, service: Client) -> list[Row]:
    """Claims a second, ours and the bare server's."""
    ours = [_run(service) for _ in range(RUNS)]
    with fresh_database(server) as url, serving_bare(url) as bare:
        peer = [_rate(seconds_of(_post_rows, [Address(bare)], "", PLAYERS)) for _ in range(RUNS)]
    return [
        Row(
            "claims, 4 workers (peer: bare FastAPI POST with one commit)",
            middle(ours),
            middle(peer),
            "claims/s",
            ">= 0.5x",
            spread=(min(ours), max(ours)),
        )
    ]


def _run(service: Client) -> float:
    study_id = service.post("/v1/studies", definition(PLAYERS * CLAIMS_EACH))["id"]
    address = Address(service.url, service.token)
    return _rate(seconds_of(_claim, [address], study_id, PLAYERS))


def _rate(seconds: float) -> float:
    return PLAYERS * CLAIMS_EACH / seconds


def _claim(client: LeanClient, study_id: str, worker: str) -> None:
    for _ in range(CLAIMS_EACH):
        request = claim_request(study_id, worker) | {"slot": uuid.uuid4().hex}
        if client.post("/v1/claims", request) is None:
            raise RuntimeError("a claim found nothing, though trials wait")


def _post_rows(client: LeanClient, study_id: str, worker: str) -> None:
    for _ in range(CLAIMS_EACH):
        client.post("/rows", claim_request(study_id, worker))
