"""What knows the GPUs of a node: the driver's library, or a list in a file that stands for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Device:
    """One GPU; `parts`: what it is partitioned into (MIG), which then is used instead of it."""

    id: str
    name: str | None = None
    memory_bytes: int | None = None
    parts: "tuple[Device, ...]" = ()


@dataclass(frozen=True, slots=True)
class GpuSample:
    """One GPU now; utilisation is a fraction (None: parts of a GPU have none of their own)."""

    id: str
    utilisation: float | None
    memory_bytes: int


class Inventory(Protocol):
    """GPUs by the ids that CUDA_VISIBLE_DEVICES takes."""

    def devices(self) -> tuple[Device, ...]:
        """All GPUs of the node, in CUDA's order."""
        ...

    def sample(self, gpu_ids: Sequence[str]) -> list[GpuSample]:
        """Utilisation and memory now; GPUs that do not answer are left out."""
        ...


def open_inventory(simulated: Path | None) -> Inventory:
    """The node's own GPUs, or those of the file."""
    if simulated is not None:
        from workers.simulated_gpus import SimulatedGpus  # noqa: PLC0415 - only where asked for

        return SimulatedGpus(simulated)
    from workers.nvidia import NvidiaGpus  # noqa: PLC0415 - as above

    return NvidiaGpus()
