"""What a node does not have is the node's trouble: its slot claims nothing for ever longer times
and says why, the attempt goes to others, and whatever already runs is left alone."""

import errno
import shutil
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.integration.workers.conftest import StartNode
from tests.integration.workers.ledger import Ledger, claim
from tests.integration.workers.programs import FILES_ALONE, SDK, python
from tests.support.waiting import wait_until
from workers import quarantine, room, slot, supervisor
from workers.launch import Keeper

PAUSE = 0.1


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slot that looks often, pauses briefly and repeats itself."""
    monkeypatch.setattr(quarantine, "LEAST_PAUSE_SECONDS", PAUSE)
    monkeypatch.setattr(quarantine, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(quarantine, "SAY_AGAIN_SECONDS", 0.0)


def until_finished(ledger: Ledger, attempt: str) -> str:
    wait_until(lambda: attempt in ledger.finishes, seconds=30, what=f"{attempt} finished")
    return str(ledger.finishes[attempt]["outcome"])


def in_a_folder(attempt: str, folder: Path) -> dict[str, object]:
    """A claim of a job that runs in the folder."""
    work = claim(attempt, [])
    work["job"] |= {"command": python(FILES_ALONE), "directory": str(folder)}
    return work


@pytest.mark.usefixtures("at_once")
def test_a_slot_whose_trial_folders_cannot_be_written_claims_no_second_attempt(
    ledger: Ledger, start_node: StartNode, tmp_path: Path
) -> None:
    ledger.work += [claim(f"a{number}", python(FILES_ALONE)) for number in range(20)]
    trials = tmp_path / "state" / "trials"
    trials.parent.mkdir()
    trials.write_text("in the way")
    start_node()
    assert until_finished(ledger, "a0") == "preempted"
    wait_until(
        lambda: sum(str(trials) in said for said in ledger.problems) > 20,
        seconds=30,
        what="many looks, each of which is said",
    )
    assert len(ledger.claims) == 1
    trials.unlink()
    assert until_finished(ledger, "a1") == "completed"
    assert ledger.problems[-1] == ""


@pytest.mark.usefixtures("at_once")
def test_a_job_folder_that_is_not_there_is_the_nodes_fault_and_each_pause_is_longer(
    ledger: Ledger, start_node: StartNode, tmp_path: Path
) -> None:
    share = tmp_path / "share"
    ledger.work += [in_a_folder(f"a{number}", share) for number in range(5)]
    start_node()
    for number in range(4):
        assert until_finished(ledger, f"a{number}") == "preempted"
    assert f"{share} is not a folder" in ledger.logs["a0"]["stderr"]
    assert any(f"{share} is not a folder" in said for said in ledger.problems)
    waits = [after - before for before, after in pairwise(ledger.claimed_at[:4])]
    assert all(wait >= PAUSE * 2**number for number, wait in enumerate(waits))
    share.mkdir()
    assert until_finished(ledger, "a4") == "completed"
    assert ledger.problems[-1] == ""


@pytest.mark.usefixtures("at_once")
def test_a_training_that_starts_ends_the_long_pauses(
    ledger: Ledger, start_node: StartNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    real = quarantine.Quarantine.pause

    def pause(one: quarantine.Quarantine, fault: str) -> None:
        real(one, fault)
        pauses.append(one.pause_seconds)

    monkeypatch.setattr(quarantine.Quarantine, "pause", pause)
    share = tmp_path / "share"
    away = [in_a_folder(f"a{number}", share) for number in range(3)]
    ledger.work += [*away, claim("here", python(FILES_ALONE)), in_a_folder("a3", share)]
    start_node()
    assert until_finished(ledger, "a3") == "preempted"
    wait_until(lambda: len(pauses) == 4, what="the last pause")
    assert pauses == [PAUSE, 2 * PAUSE, 4 * PAUSE, PAUSE]


@pytest.mark.usefixtures("at_once")
def test_a_slot_that_can_start_no_keeper_claims_nothing_and_says_why(
    ledger: Ledger, start_node: StartNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.work.append(claim("a1", python(FILES_ALONE)))
    with monkeypatch.context() as crowded:
        crowded.setattr(slot, "Keeper", no_process)
        start_node()
        wait_until(lambda: "pids.max" in ledger.problems[-1], what="the slot's word")
        assert not ledger.claims
    assert until_finished(ledger, "a1") == "completed"


def no_process(_: object) -> Keeper:
    raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")


def test_a_spare_keeper_that_cannot_start_costs_no_training(
    ledger: Ledger, start_node: StartNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Keeper] = []

    def one_alone(locks: tuple[int, ...]) -> Keeper:
        if made:
            return no_process(locks)
        made.append(Keeper(locks))
        return made[0]

    ledger.work += [claim("a1", python(FILES_ALONE)), claim("a2", python(FILES_ALONE))]
    with monkeypatch.context() as crowded:
        crowded.setattr(slot, "Keeper", one_alone)
        start_node()
        assert until_finished(ledger, "a1") == "completed"
    assert until_finished(ledger, "a2") == "completed"


def test_trouble_beside_a_training_leaves_neither_threads_nor_weights(
    ledger: Ledger, start_node: StartNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("a fault of the worker's own")

    endless = claim("a1", python(SDK, pause=0.05), max_train_steps=10**6)
    ledger.work += [endless, claim("a2", python(FILES_ALONE))]
    start_node()
    wait_until(lambda: ledger.checkpoints, seconds=30, what="first checkpoint")
    with monkeypatch.context() as broken:
        broken.setattr(supervisor, "last_step", fail)
        assert until_finished(ledger, "a1") == "preempted"
    assert "a fault of the worker's own" in ledger.finishes["a1"]["logs"]["stderr"]
    wait_until(lambda: not threads_of("a1"), what="the attempt's threads")
    assert not (tmp_path / "state" / "trials" / "a1" / "checkpoints").exists()
    assert until_finished(ledger, "a2") == "completed"


def threads_of(attempt: str) -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.endswith(f"-{attempt}")]


@pytest.fixture
def hanging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Once it is set, the disk of the store hangs; at the end it answers again."""
    hanging, answering, ask = threading.Event(), threading.Event(), shutil.disk_usage

    def usage(place: Path) -> object:
        if hanging.is_set() and place == tmp_path / "store":
            answering.wait()
        return ask(place)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    yield hanging
    answering.set()


def test_a_store_whose_disk_hangs_stops_neither_heartbeats_nor_ends_nor_claims(
    ledger: Ledger, start_node: StartNode, tmp_path: Path, hanging: threading.Event
) -> None:
    (tmp_path / "store").mkdir()
    ledger.work += [claim("a1", python(FILES_ALONE, pause=0.2)), claim("a2", python(FILES_ALONE))]
    start_node(store=f"file://{tmp_path / 'store'}")
    wait_until(lambda: ledger.steps("a1"), seconds=30, what="first reports")
    hanging.set()
    heard = len(ledger.heartbeats)
    wait_until(lambda: len(ledger.heartbeats) > heard + 2, seconds=30, what="heartbeats")
    assert "a1" not in ledger.finishes
    assert until_finished(ledger, "a1") == "completed"
    assert until_finished(ledger, "a2") == "completed"


def test_a_full_disk_is_said_although_another_one_hangs(
    tmp_path: Path, hanging: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging.set()
    disks = room.Disks([tmp_path / "store", tmp_path])
    assert disks.why_full() is None
    monkeypatch.setattr(room, "LEAST_FREE_BYTES", 1 << 60)
    assert "make room" in (disks.why_full() or "")
    disks.close()


def test_a_disk_that_hangs_is_waited_for_once(
    tmp_path: Path, hanging: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    real = threading.Condition.wait_for

    def wait_for(one: threading.Condition, condition: object, seconds: float | None = None) -> bool:
        waits.extend([] if seconds is None else [seconds])
        return bool(real(one, condition, seconds))  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(threading.Condition, "wait_for", wait_for)
    monkeypatch.setattr(room, "ANSWER_SECONDS", 0.01)
    hanging.set()
    disks = room.Disks([tmp_path / "store"])
    for _ in range(5):
        assert disks.why_full() is None
    disks.close()
    assert waits == [0.01]
