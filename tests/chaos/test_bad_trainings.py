"""Trainings that die, hang, fork, shout or lie, under a real worker: each ends in the right class,
nothing of them is left behind, and the worker stays small.
"""

import os
import signal
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from app.domain.retries import LONGEST_DELAY_SECONDS, back_off_seconds
from tests.chaos import figures
from tests.chaos.amount import amount
from tests.integration.workers import conftest as bench
from tests.integration.workers import test_real_service as whole
from tests.integration.workers.conftest import StartNode, StartProcess
from tests.integration.workers.ledger import Ledger, claim
from tests.integration.workers.programs import are_gone, is_alive, python
from tests.support.waiting import wait_until
from workers.launch import Keeper, Order, boot_seconds
from workers.node import Node

Json = Any  # JSON, as the contract says
pytestmark = pytest.mark.slow
ledger, start_node, start_process = bench.ledger, bench.start_node, bench.start_process
service, node = whole.service, whole.node
MIB = 1 << 20
WORKER_MIB = 220  # what a worker may need at most, whatever its trainings do

ENDS = {
    "MemoryError": ("x = bytearray(1 << 60)", "out_of_memory", 1),
    "an address space too small": (
        "import resource as r; r.setrlimit(r.RLIMIT_AS, (1 << 28, 1 << 28)); bytearray(1 << 29)",
        "out_of_memory",
        1,
    ),
    "the kernel's killer": ("import os; os.kill(os.getpid(), 9)", "out_of_memory", -9),
    "a full GPU": (
        "raise SystemExit('torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB')",
        "out_of_memory",
        1,
    ),
    "a segfault": ("import ctypes; ctypes.string_at(0)", "crashed", -11),
    "an abort": ("import os; os.abort()", "crashed", -6),
    "an exit code": ("raise SystemExit(42)", "crashed", 42),
}
HANGS = """
import os, pathlib, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
folder = pathlib.Path(os.environ["PACELINE_TRIAL_DIR"])
pids = os.open(folder.parent.parent / "family", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
os.write(pids, b"%d\\n" % os.getpid())
for number in range({children}):
    if os.fork() == 0:
        if number % 2:
            os.setsid()
        if os.fork() == 0:
            os.write(pids, b"%d\\n" % os.getpid())
            time.sleep(600)
        os._exit(0)
{then}
"""
SHOUTS = """
import sys
line = b"x" * 1023 + b"\\n"
for _ in range({mebibytes}):
    sys.stdout.buffer.write(line * 1024)
print("the last line")
print("the last words", file=sys.stderr)
"""
REPORTS = """
import os, pathlib
reports = pathlib.Path(os.environ["PACELINE_TRIAL_DIR"], "reports.jsonl")
line = '{{"step": %d, "val_error": %.6f}}\\n'
with reports.open("w") as file:
    for step in range(1, {steps} + 1):
        file.write(line % (step, 1 / step))
"""
LIES = """
import os, pathlib
reports = pathlib.Path(os.environ["PACELINE_TRIAL_DIR"], "reports.jsonl")
with reports.open("ab") as file:
    file.write(b'{{"step": 1, "val_error": 1}}\\n')
    file.write(b'{{"step": 2, "val_error": "' + b"9" * {long} + b'"}}\\n')
    file.write(os.urandom(100_000) + b"\\n")
    file.write(b"\\0" * 5000 + b"\\n")
    file.write(b'{{"step": 3, "val_\\0error": 1, "note": "\\xff\\xfe"}}\\n')
    file.write(b'{{"step": 20, "val_error": 0.5}}\\n')
    file.write(b'{{"step": 21, "val_er')
"""
TAMPERS = """
import os, pathlib, time
folder = pathlib.Path(os.environ["PACELINE_TRIAL_DIR"])
reports = folder / "reports.jsonl"
def say(mode, *steps):
    with reports.open(mode) as file:
        file.writelines('{{"step": %d, "val_error": 1}}\\n' % step for step in steps)
def until_read(mark):
    while not (folder.parent.parent / mark).exists():
        time.sleep(0.05)
say("a", *range(1, 11))
until_read("ten")
{tamper}
until_read("eleven")
say("a", *range(12, 21))
"""


def finish_of(ledger: Ledger, attempt: str, seconds: float = 120) -> Json:
    wait_until(lambda: attempt in ledger.finishes, seconds=seconds, what=f"{attempt} to end")
    return ledger.finishes[attempt]


def peak_mib(pid: int) -> float:
    """The most memory that a process ever had."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (said,) = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    return int(said) / 1024


def test_each_death_has_its_class_and_its_code(ledger: Ledger, start_node: StartNode) -> None:
    programs = [program for program, _, _ in ENDS.values()]
    ledger.work += [claim(f"a{n}", [sys.executable, "-c", one]) for n, one in enumerate(programs)]
    start_node()
    seen = {}
    for number, name in enumerate(ENDS):
        end = finish_of(ledger, f"a{number}")
        assert end["outcome"] == "failed"
        seen[name] = (end["reason"], end["exit_code"])
    assert seen == {name: (reason, code) for name, (_, reason, code) in ENDS.items()}
    figures.record("deaths of a training, classed", faults=len(ENDS), trials=0, attempts=len(ENDS))


@pytest.mark.parametrize(
    ("children", "then", "outcome"),
    [
        (6, "time.sleep(600)", ("failed", "timed_out")),
        (200, "time.sleep(600)", ("failed", "timed_out")),
        (200, "", ("completed", "completed")),
    ],
    ids=["hang", "fork-storm", "daemons"],
)
def test_family_that_ignores_term_is_gone_when_the_attempt_ends(
    ledger: Ledger,
    start_node: StartNode,
    tmp_path: Path,
    children: int,
    then: str,
    outcome: tuple[str, str],
) -> None:
    command = python(HANGS, children=children, then=then)
    job: Json = {"command": command, "directory": None, "env": {}, "timeout_seconds": 4.0}
    ledger.work.append(claim("a1", [], job=job, grace_seconds=1.0))
    start_node()
    end = finish_of(ledger, "a1")
    family = [int(pid) for pid in (tmp_path / "state" / "family").read_text().split()]
    assert len(family) == children + 1
    assert are_gone(family), [pid for pid in family if is_alive(pid)]
    assert (end["outcome"], end["reason"]) == outcome


def test_everyone_of_a_training_whose_keeper_was_killed_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "trials" / "a1"
    folder.mkdir(parents=True)
    keeper = Keeper()
    order = Order(
        argv=tuple(python(HANGS, children=6, then="time.sleep(600)")),
        env={"PACELINE_TRIAL_DIR": str(folder)},
        cwd=str(tmp_path),
        stdout=os.devnull,
        stderr=os.devnull,
        grace_seconds=1.0,
        valid_until=boot_seconds() + 600,
    )
    keeper.launch(order)
    family = tmp_path / "family"
    wait_until(lambda: family.exists() and len(family.read_text().split()) == 7, seconds=60)
    os.kill(keeper.pid, signal.SIGKILL)
    ended = keeper.wait(60)
    keeper.close()
    assert ended
    assert ended.cause == "keeper_lost"
    pids = [int(pid) for pid in family.read_text().split()]
    wait_until(lambda: are_gone(pids), seconds=30, what="the family to be gone")


def disk_bytes(folder: Path) -> int:
    """What the output takes on the disk; its files may be longer than that."""
    return sum(path.stat().st_blocks * 512 for path in folder.glob("std*"))


def test_endless_output_is_cut_and_its_last_lines_arrive(
    ledger: Ledger, start_process: StartProcess, tmp_path: Path
) -> None:
    mebibytes = amount(full=1024, part=60)
    ledger.work.append(claim("a1", python(SHOUTS, mebibytes=mebibytes)))
    worker = start_process()
    folder = tmp_path / "state" / "trials" / "a1"
    largest = 0
    started_at = time.monotonic()
    while "a1" not in ledger.finishes:
        largest = max(largest, disk_bytes(folder))
        assert time.monotonic() < started_at + 600, "the training was held up by its own output"
        wait_until(lambda: True)
    seconds = time.monotonic() - started_at
    assert ledger.finishes["a1"]["outcome"] == "completed"
    assert ledger.logs["a1"]["stdout"].endswith("the last line\n")
    assert ledger.logs["a1"]["stderr"] == "the last words\n"
    left = disk_bytes(folder)
    assert left <= 2 * 16 * MIB + MIB, f"{left / MIB:.0f} MiB stay in the folder"
    assert peak_mib(worker.pid) < WORKER_MIB
    figures.record(
        f"{mebibytes} MiB of output",
        faults=1,
        trials=0,
        attempts=1,
        largest_folder_mib=round(largest / MIB),
        left_mib=round(left / MIB),
        seconds=round(seconds, 1),
        worker_peak_mib=round(peak_mib(worker.pid)),
    )


def test_reports_of_an_outage_wait_in_the_file_and_not_in_memory(
    ledger: Ledger, start_process: StartProcess, tmp_path: Path
) -> None:
    steps = amount(full=1_000_000, part=100_000)
    ledger.work.append(claim("a1", python(REPORTS, steps=steps), max_train_steps=steps))
    worker = start_process()
    wait_until(lambda: ledger.claims, seconds=60, what="the claim")
    ledger.is_silent = True
    reports = tmp_path / "state" / "trials" / "a1" / "reports.jsonl"
    last = f'"step": {steps},'
    wait_until(
        lambda: reports.exists() and last in reports.read_text()[-200:],
        seconds=120,
        every=0.5,
        what="the training to write without anybody reading",
    )
    before = ledger.unanswered
    wait_until(lambda: ledger.unanswered >= before + 3, seconds=120, what="tries without answer")
    peak = peak_mib(worker.pid)
    assert peak < WORKER_MIB
    ledger.is_silent = False
    finish_of(ledger, "a1", seconds=600)
    assert ledger.steps("a1") == list(range(1, steps + 1))
    assert peak_mib(worker.pid) < WORKER_MIB
    figures.record(
        f"{steps} points unreported while the API is away",
        faults=1,
        trials=0,
        attempts=1,
        worker_peak_mib=round(peak_mib(worker.pid)),
    )


def test_junk_between_reports_costs_the_junk_alone(ledger: Ledger, start_node: StartNode) -> None:
    ledger.work.append(claim("a1", python(LIES, long=10 * MIB)))
    start_node()
    end = finish_of(ledger, "a1")
    assert ledger.steps("a1") == [1, 20]
    assert (end["outcome"], end["last_step"]) == ("completed", 20)


@pytest.mark.parametrize(
    "tamper",
    [
        "say('w', *range(1, 12))",
        "reports.unlink(); say('a', *range(1, 12))",
        "new = folder / 'new'; new.touch(); new.replace(reports); say('a', 11)",
        "import shutil; shutil.rmtree(folder); folder.mkdir(); say('a', 11)",
    ],
    ids=["rewritten", "deleted", "replaced", "folder-removed"],
)
def test_report_file_that_is_begun_anew_is_read_anew(
    ledger: Ledger, start_node: StartNode, tmp_path: Path, tamper: str
) -> None:
    ledger.work.append(claim("a1", python(TAMPERS, tamper=tamper)))
    start_node()
    wait_until(lambda: ledger.steps("a1") == list(range(1, 11)), seconds=60, what="ten steps")
    (tmp_path / "state" / "ten").touch()
    wait_until(lambda: 11 in ledger.steps("a1"), seconds=60, what="the first step of the new file")
    (tmp_path / "state" / "eleven").touch()
    end = finish_of(ledger, "a1")
    assert ledger.steps("a1") == list(range(1, 21))
    assert end["outcome"] == "completed"


def test_retries_wait_longer_each_time_and_only_failures_count(
    service: whole.Service, node: Node, tmp_path: Path
) -> None:
    del node
    program = f"""
import pathlib, sys
tries = pathlib.Path({str(tmp_path / "tries")!r})
done = tries.stat().st_size if tries.exists() else 0
tries.open("a").write("x")
if done == 0: raise SystemExit(7)
if done == 1: x = bytearray(1 << 60)
import json, os
folder = pathlib.Path(os.environ["PACELINE_TRIAL_DIR"])
with open(folder / "reports.jsonl", "a") as reports:
    for step in range(1, 41):
        print(json.dumps(dict(step=step, val_error=1 / step)), file=reports)
"""
    definition = whole.study([sys.executable, "-c", program])
    service.client.post("/v1/studies", definition, timeout=60)
    wait_until(lambda: service.trials()[0]["state"] == "completed", seconds=120, what="completed")
    attempts = sorted(service.trial()["attempts"], key=lambda one: int(one["number"]))
    assert [one["reason"] for one in attempts] == ["crashed", "out_of_memory", "completed"]


def test_first_retry_is_due_within_five_seconds_and_the_last_within_five_minutes() -> None:
    waits = [back_off_seconds(failures) for failures in range(12)]
    assert waits[0] <= 5.0
    assert all(later == min(2 * sooner, 300.0) for sooner, later in pairwise(waits))
    assert waits[-1] == LONGEST_DELAY_SECONDS == 300.0
