"""The checks of a node that ask NVIDIA's library, answered by a stand-in; and whose disk is one of
the network's, read from a table of mounts."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from paceline.checks import State
from tests.unit.workers.test_nvidia import library
from workers.checks import gpus
from workers.checks.disks import NETWORKED, filesystem_of
from workers.checks.subject import Subject
from workers.options import WorkerOptions

MOUNTS = r"""
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /mnt rw shared:2 - nfs4 server:/export rw
31 30 8:2 / /mnt/local\040disk rw - xfs /dev/sdb1 rw
32 22 0:41 / /mnt2 rw - fuse.sshfs me@host: rw
""".strip()


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith(("PACELINE_", "CUDA_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def stand_in(monkeypatch: pytest.MonkeyPatch, **changes: object) -> SimpleNamespace:
    """The library of two GPUs, one partitioned, that also knows who uses them."""
    found = library()
    found.nvmlSystemGetDriverVersion = lambda: b"570.1"
    ours = SimpleNamespace(pid=os.getpid(), usedGpuMemory=3 * 2**20)
    unnamed = SimpleNamespace(pid=2**22 + 1, usedGpuMemory=None)  # beyond what Linux gives
    found.nvmlDeviceGetComputeRunningProcesses = lambda _: [ours, unnamed]
    for name, value in changes.items():
        setattr(found, name, value)
    monkeypatch.setitem(sys.modules, "pynvml", found)
    return found


def subject(**changes: object) -> Subject:
    return Subject(WorkerOptions.model_validate(changes))


def test_the_driver_is_named_with_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)
    check = gpus.driver_answers(subject(gpus_per_slot=1))
    assert (check.state, "570.1" in check.seen) == (State.OK, True)


def test_no_driver_matters_only_to_whoever_wants_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = stand_in(monkeypatch)

    def no_driver() -> None:
        raise broken.NVMLError

    broken.nvmlInit = no_driver
    assert gpus.driver_answers(subject()).state is State.OK
    assert gpus.driver_answers(subject(gpus_per_slot=1)).state is State.FAIL


def test_parts_of_a_gpu_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)
    check = gpus.slots_have_gpus(subject(gpus_per_slot=1))
    assert check.state is State.OK
    assert "2 of 2 visible" in check.seen
    assert "1 are parts of one (MIG)" in check.seen


def test_who_uses_the_memory_of_a_gpu_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)
    check = gpus.memory_is_free(subject(gpus_per_slot=1, gpu_free_fraction=0.01))
    assert check.state is State.WARN
    assert f"(pid {os.getpid()}, 3 MiB)" in check.seen
    assert f"a process (pid {2**22 + 1})" in check.seen
    assert gpus.memory_is_free(subject(gpus_per_slot=1)).state is State.OK


def test_a_driver_that_does_not_say_who_is_believed_that_memory_is_in_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mute = stand_in(monkeypatch)

    def refuses(_: object) -> None:
        raise mute.NVMLError

    mute.nvmlDeviceGetComputeRunningProcesses = refuses
    check = gpus.memory_is_free(subject(gpus_per_slot=1, gpu_free_fraction=0.01))
    assert check.state is State.WARN
    assert "in use by" not in check.seen


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/data/a", "ext4"),
        ("/mnt", "nfs4"),
        ("/mnt/a/b", "nfs4"),
        ("/mnt/local disk/a", "xfs"),
        ("/mnt2", "fuse.sshfs"),
        ("/mnt22", "ext4"),
    ],
)
def test_the_innermost_mount_says_what_kind_of_disk_it_is(folder: str, kind: str) -> None:
    assert filesystem_of(Path(folder), MOUNTS) == kind
    assert (kind in NETWORKED) is (kind in ("nfs4", "fuse.sshfs"))


def test_nobody_knows_what_lies_where_there_is_no_table() -> None:
    assert filesystem_of(Path("/data"), "") == ""
