"""What the GPUs of a training do, summed up between two heartbeats; and whether they are free."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from workers.inventory import Device, Inventory

SAMPLE_SECONDS = 2.0


@dataclass
class _Sum:
    """The samples of one GPU since the last heartbeat that was answered."""

    peak_bytes: int = 0
    utilisations: list[float] = field(default_factory=list)


class GpuWatch:
    """Samples now and then; `pending` stays the same until it is acknowledged."""

    def __init__(self, inventory: Inventory, devices: Sequence[Device]) -> None:
        self._inventory, self._devices = inventory, {one.id: one for one in devices}
        self._sums: dict[str, _Sum] = {}
        self._due_at = 0.0

    def look(self, now: float) -> None:
        """Take a sample if it is time; `now` is of the monotonic clock."""
        if now < self._due_at or not self._devices:
            return
        self._due_at = now + SAMPLE_SECONDS
        for sample in self._inventory.sample(list(self._devices)):
            one = self._sums.setdefault(sample.id, _Sum())
            one.peak_bytes = max(one.peak_bytes, sample.memory_bytes)
            if sample.utilisation is not None:
                one.utilisations.append(sample.utilisation)

    def pending(self) -> list[dict[str, Any]]:  # Any: JSON of a heartbeat
        """The readings that the service has not heard yet."""
        return [self._reading(gpu_id, one) for gpu_id, one in self._sums.items()]

    def acknowledge(self) -> None:
        self._sums = {}

    def _reading(self, gpu_id: str, one: _Sum) -> dict[str, Any]:  # Any: JSON
        device = self._devices[gpu_id]
        mean = sum(one.utilisations) / len(one.utilisations) if one.utilisations else None
        return {
            "id": gpu_id,
            "utilisation": mean,
            "memory_bytes": one.peak_bytes,
            "name": device.name,
            "memory_total_bytes": device.memory_bytes,
        }


def why_not_free(
    inventory: Inventory, devices: Sequence[Device], free_fraction: float
) -> str | None:
    """What is wrong with GPUs on which nothing should run; None: they are free."""
    seen = {one.id: one.memory_bytes for one in inventory.sample([one.id for one in devices])}
    for device in devices:
        used = seen.get(device.id)
        if used is None:
            return f"GPU {device.id} does not answer"
        if device.memory_bytes and used > free_fraction * device.memory_bytes:
            return (
                f"GPU {device.id} has {used / 2**20:.0f} of {device.memory_bytes / 2**20:.0f} MiB"
                " in use although nothing of this slot runs: end what holds it (see nvidia-smi),"
                " and the slot goes on by itself"
            )
    return None
