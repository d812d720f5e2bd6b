"""NVIDIA's library as it answers on a node with a whole GPU and a partitioned one."""

import sys
from types import SimpleNamespace

import pytest

from workers.inventory import Device, GpuSample
from workers.nvidia import NvidiaGpus

USED = {"GPU-whole": 5, "GPU-split": 7, "MIG-0": 1}


class NvmlError(Exception):
    """The library's only error."""


def known(uuid: str, *, is_known: bool | None = None) -> str:
    """A handle: here the uuid itself."""
    if not (uuid in USED if is_known is None else is_known):
        raise NvmlError
    return uuid


def utilisation(handle: str) -> SimpleNamespace:
    return SimpleNamespace(gpu=40 if known(handle, is_known=handle != "MIG-0") else 0)


def part(handle: str, place: int) -> str:
    return known("MIG-0", is_known=(handle, place) == ("GPU-split", 0))


def mig_mode(handle: str) -> tuple[int, int]:
    known(handle, is_known=handle == "GPU-split")  # the other one does not know what that is
    return 1, 1


def library() -> SimpleNamespace:
    """A stand-in for the module pynvml."""
    return SimpleNamespace(
        NVMLError=NvmlError,
        NVML_DEVICE_MIG_ENABLE=1,
        nvmlInit=lambda: None,
        nvmlDeviceGetCount=lambda: 2,
        nvmlDeviceGetHandleByIndex=lambda number: ["GPU-whole", "GPU-split"][number],
        nvmlDeviceGetHandleByUUID=known,
        nvmlDeviceGetUUID=str.encode,  # older versions answer bytes
        nvmlDeviceGetName=lambda handle: f"name of {handle}",
        nvmlDeviceGetMemoryInfo=lambda handle: SimpleNamespace(total=100, used=USED[handle]),
        nvmlDeviceGetUtilizationRates=utilisation,
        nvmlDeviceGetMigMode=mig_mode,
        nvmlDeviceGetMaxMigDeviceCount=lambda _: 7,
        nvmlDeviceGetMigDeviceHandleByIndex=part,
    )


def test_devices_come_with_names_memory_and_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", library())
    assert NvidiaGpus().devices() == (
        Device("GPU-whole", "name of GPU-whole", 100),
        Device("GPU-split", "name of GPU-split", 100, (Device("MIG-0", "name of MIG-0", 100),)),
    )


def test_samples_leave_out_what_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", library())
    assert NvidiaGpus().sample(["GPU-whole", "GPU-gone", "MIG-0"]) == [
        GpuSample("GPU-whole", 0.4, 5),
        GpuSample("MIG-0", None, 1),
    ]


def test_a_library_without_a_driver_is_no_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = library()
    broken.nvmlInit = lambda: known("no driver")
    monkeypatch.setitem(sys.modules, "pynvml", broken)
    assert NvidiaGpus().devices() == ()
