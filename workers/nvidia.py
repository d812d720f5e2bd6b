"""NVIDIA's GPUs by way of its management library; a node without library or driver has none."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any  # Any: handles of the library

from workers.inventory import Device, GpuSample


class NvidiaGpus:
    """Opens the library once, at the first question; it stays open until the process ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._library: ModuleType | None = None
        self._is_asked = False

    def devices(self) -> tuple[Device, ...]:
        nvml = self._opened()
        if nvml is None:
            return ()
        handles = (nvml.nvmlDeviceGetHandleByIndex(n) for n in range(nvml.nvmlDeviceGetCount()))
        return tuple(_device(nvml, handle, _parts(nvml, handle)) for handle in handles)

    def sample(self, gpu_ids: Sequence[str]) -> list[GpuSample]:
        nvml = self._opened() if gpu_ids else None
        if nvml is None:
            return []
        return [found for gpu_id in gpu_ids if (found := _sample(nvml, gpu_id)) is not None]

    def _opened(self) -> ModuleType | None:
        with self._lock:
            if not self._is_asked:
                self._is_asked, self._library = True, open_library()
        return self._library


def open_library() -> ModuleType | None:
    """NVIDIA's management library, opened; None without it or without a driver."""
    try:
        import pynvml  # noqa: PLC0415 - start-up time, and absent where there are no GPUs
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    library: ModuleType = pynvml
    return library


def _device(nvml: ModuleType, handle: Any, parts: Iterable[Device] = ()) -> Device:
    total = int(nvml.nvmlDeviceGetMemoryInfo(handle).total)
    name, uuid = nvml.nvmlDeviceGetName(handle), nvml.nvmlDeviceGetUUID(handle)
    return Device(_text(uuid), _text(name), total, tuple(parts))


def _parts(nvml: ModuleType, handle: Any) -> Iterator[Device]:
    """The MIG devices of a GPU that is partitioned."""
    try:
        if nvml.nvmlDeviceGetMigMode(handle)[0] != nvml.NVML_DEVICE_MIG_ENABLE:
            return
        places = range(nvml.nvmlDeviceGetMaxMigDeviceCount(handle))
    except nvml.NVMLError:  # a GPU that cannot be partitioned
        return
    for place in places:
        try:
            yield _device(nvml, nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, place))
        except nvml.NVMLError:
            continue  # nothing at this place


def _sample(nvml: ModuleType, gpu_id: str) -> GpuSample | None:
    try:
        handle = nvml.nvmlDeviceGetHandleByUUID(gpu_id)
        used = int(nvml.nvmlDeviceGetMemoryInfo(handle).used)
    except nvml.NVMLError:
        return None
    try:
        utilisation = nvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100
    except nvml.NVMLError:
        utilisation = None
    return GpuSample(gpu_id, utilisation, used)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
