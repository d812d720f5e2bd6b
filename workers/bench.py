"""What a slot has at hand for every attempt: one frozen value, made once by the node."""

import threading
from dataclasses import dataclass
from pathlib import Path

from paceline.client import Client
from workers.checkpoints import Store
from workers.options import WorkerOptions


@dataclass(frozen=True, slots=True)
class Bench:
    """`gpu_ids`: the slot's own GPUs. `stopping` is set once, when the worker is told to end."""

    client: Client
    options: WorkerOptions
    store: Store
    sdk_folder: Path
    gpu_ids: tuple[str, ...]
    stopping: threading.Event
