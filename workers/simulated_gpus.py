"""GPUs out of a file, for rehearsing a fleet on machines without any: what the file says is so.

A JSON list of `{"id", "name", "memory_bytes", "used_bytes", "utilisation", "parts": [...]}`; it is
read anew at every question, so whoever writes it plays the GPU.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workers.inventory import Device, GpuSample

Json = dict[str, Any]  # one GPU of the file


class SimulatedGpus:
    """The GPUs of a file; one that is missing in it does not answer."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def devices(self) -> tuple[Device, ...]:
        return tuple(map(_device, self._read()))

    def sample(self, gpu_ids: Sequence[str]) -> list[GpuSample]:
        known = {one["id"]: one for gpu in self._read() for one in (gpu, *gpu.get("parts", ()))}
        return [_sample(known[gpu_id]) for gpu_id in gpu_ids if gpu_id in known]

    def _read(self) -> list[Json]:
        gpus: list[Json] = json.loads(self._path.read_text())
        return gpus


def _device(gpu: Json) -> Device:
    parts = tuple(map(_device, gpu.get("parts", ())))
    return Device(gpu["id"], gpu.get("name"), gpu.get("memory_bytes"), parts)


def _sample(gpu: Json) -> GpuSample:
    return GpuSample(gpu["id"], gpu.get("utilisation"), gpu.get("used_bytes", 0))
