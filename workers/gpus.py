"""The GPUs of this node, by uuid, and what they do; a node without NVIDIA's library has none."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType


@dataclass(frozen=True, slots=True)
class GpuSample:
    """What a heartbeat says of one GPU; utilisation is a fraction."""

    id: str
    utilisation: float
    memory_bytes: int


def visible_gpus(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The uuids that CUDA_VISIBLE_DEVICES (indices, uuids, MIG names) leaves visible, in order."""
    with _library() as nvml:
        if nvml is None:
            return ()
        handles = [nvml.nvmlDeviceGetHandleByIndex(n) for n in range(nvml.nvmlDeviceGetCount())]
        uuids = [_text(nvml.nvmlDeviceGetUUID(handle)) for handle in handles]
    return select_visible(uuids, environment.get("CUDA_VISIBLE_DEVICES"))


def select_visible(uuids: Sequence[str], said: str | None) -> tuple[str, ...]:
    """What CUDA itself would see: like CUDA, an unknown device ends the list."""
    if said is None:
        return tuple(uuids)
    chosen: list[str] = []
    for word in (part.strip() for part in said.split(",")):
        if word.isdigit() and int(word) < len(uuids):
            chosen.append(uuids[int(word)])
        elif word.startswith("MIG-"):
            chosen.append(word)
        else:
            matches = [uuid for uuid in uuids if word and uuid.startswith(word)]
            if len(matches) != 1:
                break
            chosen.append(matches[0])
    return tuple(chosen)


def partition(gpu_ids: Sequence[str], per_slot: int) -> list[tuple[str, ...]]:
    """Groups of `per_slot` GPUs; those that do not fill a group stay unused."""
    whole = len(gpu_ids) - len(gpu_ids) % per_slot
    return [tuple(gpu_ids[n : n + per_slot]) for n in range(0, whole, per_slot)]


def sample(gpu_ids: Sequence[str]) -> list[GpuSample]:
    """Utilisation and memory now; GPUs that do not answer are left out."""
    if not gpu_ids:
        return []
    with _library() as nvml:
        samples = [] if nvml is None else [_sample_one(nvml, gpu_id) for gpu_id in gpu_ids]
    return [sample for sample in samples if sample is not None]


def _sample_one(nvml: ModuleType, gpu_id: str) -> GpuSample | None:
    try:
        handle = nvml.nvmlDeviceGetHandleByUUID(gpu_id)
        used = int(nvml.nvmlDeviceGetMemoryInfo(handle).used)
        return GpuSample(gpu_id, nvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100, used)
    except nvml.NVMLError:
        return None


@contextmanager
def _library() -> Iterator[ModuleType | None]:
    """pynvml, initialised; None where there is no driver or no library."""
    try:
        import pynvml  # noqa: PLC0415 - start-up time, and absent where there are no GPUs
    except ImportError:
        yield None
        return
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        yield None
        return
    try:
        yield pynvml
    finally:
        pynvml.nvmlShutdown()


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
