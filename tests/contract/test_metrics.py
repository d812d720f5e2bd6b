"""What a scrape brings: every family says what to do and stands in the handbook, and several API
processes over one database tell the same."""

import math
from pathlib import Path

from fastapi.testclient import TestClient
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from app.api.app import create_app
from app.db.outbox import add_wake_up
from app.services.leadership import Leadership
from app.services.leases import mark_expired
from tests.contract.lab import Lab
from tests.contract.slot import Slot, attended, lapse

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
PER_PROCESS = {
    "paceline_claim_seconds",
    "paceline_fenced_writes",
    "paceline_database_connections",
    "paceline_database_connections_limit",
}


def scrape(client: TestClient) -> dict[str, Metric]:
    """Our families, as Prometheus reads them."""
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    found = text_string_to_metric_families(answer.text)
    ours = [one for one in found if one.name.startswith("paceline_")]
    return {one.name: one for one in ours if not one.name.endswith("_created")}


def value(families: dict[str, Metric], name: str, **labels: str) -> float:
    """The one sample; NaN if there is none."""
    samples = [s for s in families[name].samples if s.name in (name, f"{name}_total")]
    return next((s.value for s in samples if s.labels == labels), math.nan)


def busy(lab: Lab) -> None:
    """One of everything: what runs on a GPU, what failed, was lost and waits, and a message."""
    lab.create(trials=4, job={"command": ["x"], "gpus": 1})
    slots = [Slot(lab, slot=str(n), offers={"commands": True, "gpus": 1}) for n in range(3)]
    runs = slots[0].claim()
    reading = {"id": "GPU-1", "utilisation": 0.5, "memory_bytes": 7, "memory_total_bytes": 8}
    assert runs.heartbeat(3, gpu=[reading]).status_code == 200
    slots[1].claim().finish("failed", 1, reason="out_of_memory")
    stale = slots[2].claim()
    lapse(lab, stale)
    slots[2].claim()
    stale.heartbeat(4)
    attended(lab)
    mark_expired(lab.context)


def test_every_family_says_what_to_do_and_stands_in_the_operators_handbook(lab: Lab) -> None:
    busy(lab)
    handbook = OPERATIONS.read_text()
    found = scrape(lab.client)
    assert len(found) >= 14
    for name, family in found.items():
        assert len(family.documentation) > 60, name
        assert f"`{name}" in handbook, f"docs/operations.md does not tell of {name}"


def test_the_numbers_of_a_busy_fleet(lab: Lab) -> None:
    busy(lab)
    found = scrape(lab.client)
    ended = "paceline_attempts_ended"
    assert value(found, ended, state="failed", reason="out_of_memory") == 1
    assert value(found, ended, state="lost", reason="lost") == 1
    at = {"worker": "w1", "slot": "0", "gpu": "GPU-1"}
    assert value(found, "paceline_slot_gpu_utilisation_ratio", **at) == 0.5
    assert value(found, "paceline_slot_gpu_memory_peak_bytes", **at) == 7
    assert value(found, "paceline_slot_gpu_memory_total_bytes", **at) == 8
    assert value(found, "paceline_queue_depth", gpus="1", queue="gpu-1") == 2
    assert value(found, "paceline_lease_expiries") == 1
    assert value(found, "paceline_fenced_writes") == 1
    assert 0 <= value(found, "paceline_sweep_age_seconds") < 60
    limit = value(found, "paceline_database_connections_limit")
    connections = [s.value for s in found["paceline_database_connections"].samples]
    assert 1 <= sum(connections) <= limit


def test_two_api_processes_over_one_database_tell_the_same(lab: Lab) -> None:
    busy(lab)
    headers = dict(lab.client.headers)
    with TestClient(create_app(lab.context), headers=headers) as other:
        one, two = scrape(lab.client), scrape(other)
    assert value(two, "paceline_fenced_writes") == 0, "counted where it happened"
    for name in one.keys() - PER_PROCESS - {"paceline_sweep_age_seconds"}:
        told = [(s.labels, s.value) for s in two[name].samples if "age" not in name]
        assert told == [(s.labels, s.value) for s in one[name].samples if "age" not in name], name
        assert "never the sum" in one[name].documentation
    for name in PER_PROCESS - {"paceline_database_connections_limit"}:
        assert "this process" in one[name].documentation


def test_an_unsent_message_has_an_age_and_none_has_none(lab: Lab) -> None:
    assert value(scrape(lab.client), "paceline_outbox_age_seconds") == 0.0
    with lab.context.database.writing() as connection:
        add_wake_up(connection, 0)
    assert value(scrape(lab.client), "paceline_outbox_age_seconds") >= 0.0


def test_the_conductor_that_leads_is_counted(postgres_lab: Lab) -> None:
    name = "paceline_conductor_leaders"
    assert value(scrape(postgres_lab.client), name) == 0
    with Leadership(postgres_lab.context.database) as first:
        assert first.is_held()
        assert not Leadership(postgres_lab.context.database).is_held()
        assert value(scrape(postgres_lab.client), name) == 1
    assert value(scrape(postgres_lab.client), name) == 0


def test_where_one_process_does_all_its_sweeps_show_that_it_leads(lab: Lab) -> None:
    mark_expired(lab.context)
    expected = 1 if lab.context.database.is_sqlite else 0
    assert value(scrape(lab.client), "paceline_conductor_leaders") == expected
