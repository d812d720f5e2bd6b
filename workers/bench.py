"""What a slot has at hand for every attempt: one frozen value, made once by the node."""

import threading
from dataclasses import dataclass
from pathlib import Path

from app.stores.store import Store
from paceline.client import Client
from workers.inventory import Device, Inventory
from workers.options import WorkerOptions
from workers.room import Disks


@dataclass(frozen=True, slots=True)
class Bench:
    """`devices`: the slot's own GPUs. `stopping` is set once, when the worker is told to end."""

    client: Client
    options: WorkerOptions
    store: Store
    sdk_folder: Path
    inventory: Inventory
    devices: tuple[Device, ...]
    disks: Disks
    stopping: threading.Event

    @property
    def gpu_ids(self) -> tuple[str, ...]:
        return tuple(device.id for device in self.devices)
