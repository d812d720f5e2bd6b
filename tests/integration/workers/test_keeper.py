"""The keeper ends whatever it keeps: asked, abandoned, too late, or with children left behind."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.workers.programs import (
    LEAVES_THE_GROUP,
    are_gone,
    is_alive,
    python,
    read_pids,
    stubborn,
)
from tests.support.waiting import wait_until
from workers.launch import Ended, Keeper, Order, boot_seconds

Launch = Callable[..., Keeper]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Starts a training under a keeper of its own, in a folder like a trial's."""
    keepers: list[Keeper] = []
    folder = tmp_path / "trials" / "a1"
    folder.mkdir(parents=True)

    def start(argv: list[str], grace: float = 0.3, lives: float = 60.0) -> Keeper:
        keeper = Keeper()
        keepers.append(keeper)
        keeper.launch(
            Order(
                argv=tuple(argv),
                env={"PATH": os.environ["PATH"], "PACELINE_TRIAL_DIR": str(folder)},
                cwd=str(tmp_path),
                stdout=str(folder / "stdout.log"),
                stderr=str(folder / "stderr.log"),
                grace_seconds=grace,
                valid_until=boot_seconds() + lives,
            )
        )
        return keeper

    yield start
    for keeper in keepers:
        keeper.close()


def end_of(keeper: Keeper) -> Ended:
    ends: list[Ended] = []

    def has_ended() -> bool:
        ended = keeper.wait(0.1)
        ends.extend([ended] if ended else [])
        return bool(ends)

    wait_until(has_ended, seconds=30, what="the training ended")
    return ends[0]


def pids_of(tmp_path: Path) -> list[int]:
    wait_until(lambda: read_pids(tmp_path), seconds=30, what="the training has told its pids")
    return read_pids(tmp_path)


def test_exit_code_is_passed_back(launch: Launch) -> None:
    assert end_of(launch(python("raise SystemExit(7)"))) == Ended(7, "own")


def test_death_by_signal_is_a_negative_code(launch: Launch) -> None:
    ended = end_of(launch(python("import os; os.abort()")))
    assert ended == Ended(-signal.SIGABRT, "own")


def test_training_that_ignores_term_is_killed_with_its_child_after_the_grace(
    launch: Launch, tmp_path: Path
) -> None:
    keeper = launch(stubborn())
    pids = pids_of(tmp_path)
    keeper.end(0.3)
    assert end_of(keeper) == Ended(-signal.SIGKILL, "asked")
    assert are_gone(pids)


def test_the_whole_group_is_asked_to_end(launch: Launch, tmp_path: Path) -> None:
    told = tmp_path / "told"
    child = (
        "import pathlib, signal, time\n"
        f"signal.signal(signal.SIGTERM, lambda *_: pathlib.Path({str(told)!r}).touch())\n"
        f"pathlib.Path({str(tmp_path / 'ready')!r}).touch()\n"
        "time.sleep(600)\n"
    )
    keeper = launch(stubborn(child))
    wait_until((tmp_path / "ready").exists, seconds=30, what="the child listens")
    keeper.end(60.0)
    wait_until(told.exists, seconds=30, what="the child, too, is asked to end")
    keeper.end(0.0)
    assert end_of(keeper) == Ended(-signal.SIGKILL, "asked")
    assert are_gone(pids_of(tmp_path))


def test_training_is_given_the_grace_before_it_is_killed(launch: Launch, tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    program = (
        "import pathlib, signal, sys, time\n"
        f"save = pathlib.Path({str(saved)!r}).touch\n"
        "signal.signal(signal.SIGTERM, lambda *_: (save(), sys.exit(3)))\n"
        f"pathlib.Path({str(tmp_path / 'ready')!r}).touch()\n"
        "time.sleep(600)\n"
    )
    keeper = launch([sys.executable, "-c", program], grace=30.0)
    wait_until((tmp_path / "ready").exists, seconds=30, what="the training listens")
    keeper.end(30.0)
    assert end_of(keeper) == Ended(3, "asked")
    assert saved.exists()


def test_deadline_that_nobody_renews_ends_the_training(launch: Launch, tmp_path: Path) -> None:
    keeper = launch(stubborn(), lives=0.5)
    pids = pids_of(tmp_path)
    assert end_of(keeper).cause == "deadline"
    assert are_gone(pids)


def test_renewed_deadline_lets_the_training_live(launch: Launch) -> None:
    keeper = launch(python("import time; time.sleep(2.5)"), lives=1.5)
    keeper.renew(boot_seconds() + 60)
    assert end_of(keeper) == Ended(0, "own")


def test_child_that_left_the_group_dies_with_the_training(launch: Launch, tmp_path: Path) -> None:
    keeper = launch(stubborn(LEAVES_THE_GROUP))
    pids = pids_of(tmp_path)
    keeper.end(0.3)
    end_of(keeper)
    assert are_gone(pids)


def test_child_left_behind_by_a_training_that_ended_well_is_ended(
    launch: Launch, tmp_path: Path
) -> None:
    program = (
        "import subprocess, sys, pathlib\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(tmp_path / 'pids')!r}).write_text(str(child.pid))\n"
    )
    keeper = launch([sys.executable, "-c", program])
    assert end_of(keeper) == Ended(0, "own")
    assert are_gone(read_pids(tmp_path))


def test_killed_keeper_takes_its_training_along_by_the_supervisor(
    launch: Launch, tmp_path: Path
) -> None:
    keeper = launch(stubborn())
    pids = pids_of(tmp_path)
    os.kill(keeper.pid, signal.SIGKILL)
    assert end_of(keeper).cause == "keeper_lost"
    wait_until(lambda: are_gone(pids), seconds=30, what="the training's group is gone")


def test_signals_to_the_keeper_do_not_reach_the_training(launch: Launch, tmp_path: Path) -> None:
    keeper = launch(stubborn())
    pids = pids_of(tmp_path)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(keeper.pid, number)
    assert keeper.wait(0.3) is None
    assert all(map(is_alive, pids))


def test_a_keeper_that_was_closed_is_told_nothing_more(launch: Launch, tmp_path: Path) -> None:
    keeper = launch(stubborn())
    pids = pids_of(tmp_path)
    keeper.close()
    keeper.renew(boot_seconds() + 60)
    keeper.end(0.0)
    assert are_gone(pids)


def test_program_that_does_not_exist_is_told(launch: Launch) -> None:
    ended = end_of(launch(["/no/such/program"]))
    assert ended.cause == "never_started"
    assert "/no/such/program" in ended.message
