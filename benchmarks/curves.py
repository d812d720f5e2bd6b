"""Reading one curve of 10,000 points, against raw JSON built in PostgreSQL; and the cost of
`report()` in a training loop."""

import tempfile
from time import perf_counter

import psycopg

import paceline
from benchmarks.service import claim_request, definition, fresh_database
from benchmarks.table import Row, middle, seconds_each
from paceline.client import Client

POINTS, BATCH, READS, REPORTS = 10_000, 1_000, 15, 10_000


def measure(server: str, service: Client) -> list[Row]:
    """Milliseconds a curve, microseconds a report."""
    ours, raw = _read_ours(service), _read_raw(server)
    return [
        Row(
            "read one curve of 10,000 points (peer: raw JSON built in PostgreSQL)",
            middle(ours) * 1e3,
            middle(raw) * 1e3,
            "ms",
            ">= 0.33x",
            is_higher_better=False,
            spread=(min(ours) * 1e3, max(ours) * 1e3),
        ),
        Row("report() in the loop", _report() * 1e6, None, "us", "< 20 us"),
    ]


def _read_ours(service: Client) -> list[float]:
    study_id = service.post("/v1/studies", definition(1, POINTS))["id"]
    claim = service.post("/v1/claims", claim_request(study_id, "bench-curves"))
    headers = {"Paceline-Attempt-Token": claim["token"]}
    for first in range(1, POINTS + 1, BATCH):
        steps = list(range(first, first + BATCH))
        body = {"steps": steps, "metrics": {"loss": [1.0 / step for step in steps]}}
        service.post(f"/v1/attempts/{claim['attempt_id']}/measurements", body, headers=headers)
    path, asked = f"/v1/trials/{claim['trial']['id']}/curve", {"points": POINTS}
    if service.get(path, asked)["points"] != POINTS:
        raise RuntimeError("the curve was not answered in full")
    return seconds_each(lambda: service.get(path, asked), READS)


def _read_raw(server: str) -> list[float]:
    query = (
        "SELECT json_build_object('steps', json_agg(step ORDER BY step),"
        " 'values', json_agg(value ORDER BY step)) FROM raw_points"
    )
    with fresh_database(server) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE raw_points AS SELECT step, 1.0::float8 / step AS value"
            f" FROM generate_series(1, {POINTS}) AS step"
        )
        return seconds_each(lambda: connection.execute(query).fetchone(), READS)


def _report() -> float:
    with tempfile.TemporaryDirectory() as folder:
        trial = paceline.trial(local=True, max_train_steps=REPORTS, directory=folder)
        with trial:
            began = perf_counter()
            for step in range(1, REPORTS + 1):
                trial.report(step, loss=1.0 / step)
            return (perf_counter() - began) / REPORTS
