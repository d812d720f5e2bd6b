"""A node is told to go while it trains (SIGTERM, the notice of a pre-emption): what it has done by
then is saved, nothing counts against the trial, and another node goes on from exactly there.
"""

import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.processes import Process
from tests.e2e.services import Production, Service, is_settled
from tests.e2e.trainers import Bench
from tests.integration.workers.programs import IGNORES_TERM, are_gone
from tests.support.s3 import BUCKET
from tests.support.waiting import wait_until

Json = Any  # JSON, as the contract says
pytestmark = pytest.mark.slow

EVERY = 256  # steps between evaluations, and so between the checkpoints that nobody asked for
HORIZON = 2 * EVERY
StartNode = Callable[[str], Process]

# Hears no TERM and reads no control file; its child hears none either, its grandchild is in a
# session of its own. Once the file `cured` lies beside it, it trains as it should.
STUBBORN = f"""
import json, os, pathlib, signal, subprocess, sys, time
if not pathlib.Path("cured").exists():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", {IGNORES_TERM!r}])
    other = subprocess.Popen([sys.executable, "-c", {IGNORES_TERM!r}], start_new_session=True)
    pids = [os.getpid(), child.pid, other.pid]
    pathlib.Path("pids.draft").write_text(json.dumps(pids))
    os.rename("pids.draft", "pids")
    time.sleep(600)
exec(pathlib.Path("train.py").read_text())
"""


def start_nodes(production: Production, grace_seconds: float) -> tuple[Service, StartNode]:
    """API and conductor; the other answer starts a node in a folder of its own under a name."""
    production.fleet.environment["PACELINE_GRACE_SECONDS"] = str(grace_seconds)
    service = production.prepare()
    production.start_api()
    production.start_conductor()
    return service, lambda name: production.start_worker(name, service.token_file)


def workers_by_name(service: Service) -> dict[str, str]:
    return {item["name"]: item["id"] for item in service.client.get("/v1/workers")["items"]}


def only_trial(service: Service, study_id: str) -> Json:
    (trial,) = service.trials(study_id)
    return trial


@pytest.mark.parametrize("kind", ["file", "s3"])
def test_another_node_goes_on_from_the_checkpoint_that_the_notice_asked_for(
    production: Production, bench: Bench, kind: str, request: pytest.FixtureRequest
) -> None:
    if kind == "s3":
        production.fleet.environment |= request.getfixturevalue("s3").environment
        production.store = f"s3://{BUCKET}/fleet"
    # A long grace: nobody's checkpoint is late because the machine is busy.
    service, start_node = start_nodes(production, grace_seconds=15)
    pre_empted = start_node("pre-empted")
    bench.pause(0.005)
    changes = {"max_train_steps": HORIZON, "evaluate_every_steps": EVERY}
    definition = bench.definition(trials=1, job=bench.job(max_attempts=1), **changes)
    study_id = service.client.post("/v1/studies", definition)["id"]
    wait_until(lambda: bench.entries("step")[EVERY:], seconds=60, what="the first checkpoint")
    bench.pause(0.3)  # the next one is more than a minute away
    start_node("successor")
    assert pre_empted.stop(number=signal.SIGTERM) == 0, pre_empted.log
    bench.pause(0.0)
    service.until_study(study_id, is_settled, "the review")

    trial, names = only_trial(service, study_id), workers_by_name(service)
    told, resumed = trial["attempts"]
    assert (told["state"], told["reason"], told["exit_code"]) == ("preempted", "preempted", 0)
    assert [a["worker"] for a in (told, resumed)] == [names["pre-empted"], names["successor"]]
    at = resumed["start_step"]
    assert at % EVERY != 0, "that is a checkpoint which nobody had to ask for"
    assert at == told["last_step"]
    assert bench.starts(trial["id"]) == [0, at]
    steps = bench.entries("step")
    assert [s["step"] for s in steps] == list(range(1, HORIZON + 1)), "each once, in order"
    assert sum(s["pid"] == steps[0]["pid"] for s in steps) == at, "nothing was done in vain"
    assert (trial["state"], trial["last_step"]) == ("completed", HORIZON)
    assert service.curve_steps(trial["id"]) == [EVERY, at, HORIZON]


def test_a_training_that_ignores_the_notice_is_killed_with_its_family_and_runs_elsewhere(
    production: Production, bench: Bench
) -> None:
    (bench.folder / "stubborn.py").write_text(STUBBORN)
    service, start_node = start_nodes(production, grace_seconds=2)
    pre_empted = start_node("pre-empted")
    job = bench.job(max_attempts=1, command=["python", "stubborn.py"])
    study_id = service.client.post("/v1/studies", bench.definition(trials=1, job=job))["id"]
    wait_until((bench.folder / "pids").exists, seconds=60, what="the training to run")
    pids = [int(pid) for pid in (bench.folder / "pids").read_text().strip("[]").split(",")]
    assert not are_gone(pids)

    (bench.folder / "cured").touch()
    assert pre_empted.stop(number=signal.SIGTERM) == 0, pre_empted.log
    assert are_gone(pids), "the worker left, and something of its training stays"
    start_node("successor")
    service.until_study(study_id, is_settled, "the review")

    trial, names = only_trial(service, study_id), workers_by_name(service)
    told, again = trial["attempts"]
    assert told["state"] in ("preempted", "lost"), told
    assert [a["worker"] for a in (told, again)] == [names["pre-empted"], names["successor"]]
    assert (trial["state"], again["state"]) == ("completed", "succeeded")
    assert service.curve_steps(trial["id"]) == list(range(2, 65, 2))
