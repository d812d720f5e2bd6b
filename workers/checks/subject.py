"""What the checks of a node are given: the worker's options and what the service told, asked for
once."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from workers.checks.service import Told, ask
from workers.inventory import Device, Inventory, open_inventory
from workers.layout import NoSlot, Slots, slot_gpus
from workers.options import WorkerOptions


@dataclass(frozen=True)
class Subject:
    """A node, as a worker with these options would find it."""

    options: WorkerOptions

    @cached_property
    def told(self) -> Told:
        return ask(self.options)

    @cached_property
    def inventory(self) -> Inventory:
        return open_inventory(self.options.simulated_gpus)

    @cached_property
    def slots(self) -> Slots:
        """Every slot's GPUs. Raises NoSlot."""
        return slot_gpus(self.options, self.inventory)

    @property
    def gpus(self) -> list[Device]:
        """Those that the slots get; none where there is no slot."""
        try:
            return [gpu for gpus in self.slots.values() for gpu in gpus]
        except NoSlot:
            return []

    @property
    def wants_gpus(self) -> bool:
        """Also where there are none to be had."""
        try:
            return any(self.slots.values())
        except NoSlot:
            return True

    def lock_of(self, gpu: Device) -> Path:
        """As the worker locks it."""
        return self.options.lock_dir / f"{gpu.id.replace('/', '_')}.lock"
