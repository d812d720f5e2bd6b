"""Disks that are really full: of PostgreSQL, of the checkpoint store, of the trial folders; or that
refuse every write, or hang. Nothing acknowledged is lost, no training is stopped, and work goes on
by itself once there is room.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from paceline.client import ProblemError
from tests.chaos import figures, invariants
from tests.chaos.history import History
from tests.chaos.moments import let_pass
from tests.chaos.test_database_faults import no_training_was_stopped
from tests.chaos.volumes import fill, filled, hanging, read_only, small_volume
from tests.chaos.witness import Witness
from tests.chaos.world import World, make_world
from tests.integration.workers import conftest as bench
from tests.integration.workers.conftest import StartNode
from tests.integration.workers.ledger import Ledger, claim
from tests.integration.workers.programs import FILES_ALONE, python
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow
ledger, start_node = bench.ledger, bench.start_node
FULL = "database-full"
TIMES, TRIALS = 5, 12
FILLS = """
import os, pathlib
folder = pathlib.Path(os.environ["PACELINE_TRIAL_DIR"])
print('{{"step": 1, "val_error": 1}}', file=open(folder / "reports.jsonl", "a"))
with open(folder.parent.parent / "filler", "wb", buffering=0) as file:
    while True:
        file.write(bytes(1 << 20))
"""


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    """Where PostgreSQL keeps its data."""
    with small_volume(tmp_path / "volume", mebibytes=192) as place:
        yield place


@pytest.fixture
def world(tmp_path: Path, volume: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    volume.chmod(0o755)
    monkeypatch.setattr(tempfile, "tempdir", str(volume))
    with make_world(tmp_path / "w") as world:
        monkeypatch.setattr(tempfile, "tempdir", None)
        yield world


def attempts_of(history: History) -> int:
    return sum(len(trial["attempts"]) for trial in history.trials)


def refusal(world: World) -> str | None:
    """What a write is answered now; None: it is accepted."""
    try:
        world.service.client.post("/v1/studies", world.trainer.definition(trials=1, start=False))
    except ProblemError as problem:
        return problem.kind
    return None


def test_a_full_disk_of_the_database_loses_nothing_and_stops_no_training(
    world: World, volume: Path
) -> None:
    world.start(apis=2, conductors=2, workers=2)
    world.trainer.pause(0.1)
    study = world.post_study(trials=TRIALS, autopilot="off")
    witness = Witness(world).start()
    for _ in range(TIMES):
        with filled(volume):
            wait_until(lambda: refusal(world), seconds=90, what="a write that is refused")
            let_pass(2.0)
        world.postgres.start()  # it may have ended itself for want of room
        wait_until(lambda: refusal(world) is None, seconds=60, what="the API to come back")
        let_pass(1.0)
    world.trainer.pause(0.0)
    world.until_settled(study)
    witness.stop()
    refused = witness.answers.pop(FULL, 0)
    assert refused > 0, f"no report met the full disk: {witness.answers}"
    witness.check()
    (history,) = invariants.check(world, [study])
    no_training_was_stopped(history)
    figures.record(
        "disk full under PostgreSQL",
        faults=TIMES,
        trials=len(history.trials),
        attempts=attempts_of(history),
        acknowledged=len(witness.acknowledged),
        refused=refused,
    )


def test_checkpoints_wait_for_room_in_their_store(tmp_path: Path) -> None:
    with make_world(tmp_path / "w") as world, small_volume(world.folder / "store", 48) as store:
        world.start(workers=2)
        world.trainer.pause(0.1)
        study = world.post_study(trials=4, autopilot="off")
        wait_until(lambda: invariants.trainings(world), seconds=60, what="a training to run")
        with filled(store):
            let_pass(5.0)
            fill(store / "filler")
            let_pass(2.0)
        world.trainer.pause(0.0)
        world.until_settled(study)
        (history,) = invariants.check(world, [study])
        no_training_was_stopped(history)
        said = "".join(worker.process.log for worker in world.workers)
        assert "No space left" in said, "no checkpoint met the full disk"
        assert "checkpoint lost" not in said
    figures.record(
        "disk full under the checkpoint store",
        faults=1,
        trials=len(history.trials),
        attempts=attempts_of(history),
    )


def test_training_that_fills_its_disk_is_given_back_and_the_slot_waits_for_room(
    ledger: Ledger, tmp_path: Path, start_node: StartNode
) -> None:
    with small_volume(tmp_path / "state", mebibytes=64) as small_disk:
        ledger.work += [claim("a1", python(FILLS)), claim("a2", python(FILES_ALONE))]
        node = start_node()
        wait_until(lambda: "a1" in ledger.finishes, seconds=60, what="the attempt given back")
        assert ledger.finishes["a1"]["outcome"] == "preempted"
        assert "make room" in ledger.logs["a1"]["stderr"]
        wait_until(lambda: any(ledger.problems), seconds=60, what="the slot's word")
        assert "a2" not in ledger.finishes
        (small_disk / "filler").unlink()
        wait_until(lambda: "a2" in ledger.finishes, seconds=60, what="the next attempt")
        assert ledger.steps("a2") == list(range(1, 21))
        node.stop()
        assert node.wait(30), "a slot did not end"
    figures.record("disk full under trial folders", faults=1, trials=0, attempts=2)


def test_a_node_whose_trial_folders_turned_read_only_leaves_the_work_to_others(
    ledger: Ledger, tmp_path: Path, start_node: StartNode
) -> None:
    start_node()
    trials = tmp_path / "state" / "trials"
    trials.mkdir()
    with read_only(trials):
        ledger.work += [claim(f"a{number}", python(FILES_ALONE)) for number in range(10)]
        wait_until(lambda: any(ledger.problems), seconds=60, what="the slot's word")
        let_pass(5.0)
        assert len(ledger.claimed) == 1
    wait_until(lambda: len(ledger.finishes) == 10, seconds=60, what="all attempts")
    outcomes = [one["outcome"] for one in ledger.finishes.values()]
    assert sorted(outcomes) == ["completed"] * 9 + ["preempted"]
    assert ledger.problems[-1] == ""
    figures.record("trial folders turn read-only", faults=1, trials=0, attempts=10)


def test_a_store_that_hangs_stops_no_training(
    ledger: Ledger, tmp_path: Path, start_node: StartNode
) -> None:
    store = tmp_path / "store"
    store.mkdir()
    patient = claim("a1", python(FILES_ALONE, pause=0.5), silence_seconds=3.0, grace_seconds=1.0)
    ledger.work.append(patient)
    start_node(store=f"file://{store}")
    wait_until(lambda: ledger.steps("a1"), seconds=60, what="first reports")
    with hanging(store):
        wait_until(lambda: "a1" in ledger.finishes, seconds=60, what="the end, while it hangs")
    assert ledger.finishes["a1"]["outcome"] == "completed"
    figures.record("checkpoint store hangs", faults=1, trials=0, attempts=1)
