"""A second node: another folder, another Python that has never heard of Paceline."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import Settings
from paceline.cli.embedded import Running, worker_options
from tests.e2e.services import Embedded, is_settled
from tests.e2e.trainers import Bench

TRAIN = """
import json, os, sys
import paceline
with paceline.trial() as trial:
    for step in trial.steps(trial.resume(lambda path: None)):
        if trial.should_evaluate(step):
            trial.report(step, val_error=1 / step, train_error=1 / step)
with open(os.environ["LEDGER"], "a") as ledger:
    seen = {"event": "python", "prefix": sys.prefix, "sdk": paceline.__file__, "path": sys.path,
            "secrets": [n for n in os.environ if n.startswith("PACELINE_")]}
    ledger.write(json.dumps(seen) + "\\n")
"""


@pytest.mark.slow
def test_training_in_an_environment_of_its_own_runs_on_a_second_node(
    embedded: Embedded, bench: Bench, tmp_path: Path
) -> None:
    environment = tmp_path / "elsewhere" / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    assert import_fails(environment)
    (bench.folder / "train.py").write_text(TRAIN)
    embedded.start()
    service = embedded.service
    node = embedded.fleet.start(
        "node",
        *("worker", "--url", service.url, "--token-file", str(service.token_file)),
        *("--name", "second", "--label", "place=elsewhere", "--allow-commands"),
        directory=tmp_path / "elsewhere",
        environment={"VIRTUAL_ENV": str(environment)},
    )
    node.until(lambda: "worker registered" in node.log, "the second node to register")
    definition = bench.definition(job=bench.job(labels={"place": "elsewhere"}), trials=2)
    study_id = service.client.post("/v1/studies", definition)["id"]
    service.until_study(study_id, is_settled, "the review")

    second = {w["name"]: w["id"] for w in service.client.get("/v1/workers")["items"]}["second"]
    for trial in service.trials(study_id):
        assert trial["state"] == "completed", service.client.get(
            f"/v1/attempts/{trial['attempts'][0]['id']}/logs"
        )
        assert trial["attempts"][0]["worker"] == second
    for seen in bench.entries("python"):
        assert Path(seen["prefix"]) == environment
        assert Path(seen["sdk"]).is_relative_to(tmp_path / "elsewhere"), "the SDK that it was lent"
        assert seen["secrets"] == ["PACELINE_TRIAL_DIR"]
    assert node.stop() == 0, node.log


def import_fails(environment: Path) -> bool:
    """Whether this Python, asked from an empty folder, does not know Paceline."""
    program = [str(environment / "bin" / "python"), "-c", "import paceline"]
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        program, cwd=environment, env=variables, capture_output=True, text=True, check=False
    )
    return "ModuleNotFoundError" in done.stderr


@pytest.mark.parametrize(
    ("host", "said", "runs_commands"),
    [
        ("127.0.0.1", False, True),
        ("localhost", False, True),
        ("0.0.0.0", False, False),
        ("0.0.0.0", True, True),
        ("192.0.2.7", False, False),
        ("::", False, False),
        ("gpu-1.example.org", False, False),
    ],
)
def test_commands_run_beyond_loopback_only_when_said_aloud(
    host: str, said: bool, runs_commands: bool, tmp_path: Path
) -> None:
    settings = Settings(host=host, allow_commands=said, data_dir=tmp_path)
    service = Running("http://127.0.0.1:1", tmp_path / "token")
    assert worker_options(settings, service, 1).allow_commands is runs_commands


@pytest.mark.slow
def test_study_that_no_slot_can_hold_says_that_it_waits_for_a_worker(
    embedded: Embedded, bench: Bench
) -> None:
    embedded.start()
    service = embedded.service
    definition = bench.definition(job=bench.job(gpus=64), trials=1)
    study_id = service.client.post("/v1/studies", definition)["id"]
    assert service.study(study_id)["waiting_for"] == "worker"
