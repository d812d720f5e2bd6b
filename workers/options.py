"""What a worker was told at its start; one frozen value that every part of the node reads."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """The flags of `paceline worker`.

    url, token: the service. name: what people call this node. slots: how many CPU slots;
    gpus_per_slot: instead, one slot for each group of so many GPUs. queue: whose work is claimed
    (None: `cpu`, or `gpu-<K>`). root: relative job folders lie beneath it. store: where checkpoints
    go. state_dir: the worker's id, trial folders and slot locks; lock_dir: the node's GPU locks.
    allow_commands: free command lines and absolute folders are run (an embedded worker on loopback
    sets it). entrypoints: name -> argv. pass_env: variables (patterns) that trainings inherit.
    broker: the Redis that wakes this worker; None: it long-polls.
    """

    url: str
    token: str | None = None
    name: str = field(default_factory=socket.gethostname)
    slots: int = 1
    gpus_per_slot: int | None = None
    queue: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    root: Path = Path()
    store: str | None = None
    state_dir: Path = Path(".paceline/worker")
    lock_dir: Path = field(default_factory=lambda: Path(f"/tmp/paceline-{os.getuid()}"))
    allow_commands: bool = False
    entrypoints: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pass_env: tuple[str, ...] = ()
    broker: str | None = None

    @property
    def work_queue(self) -> str:
        """The resource class whose work this worker claims and whose wake-ups it hears."""
        if self.queue:
            return self.queue
        return f"gpu-{self.gpus_per_slot}" if self.gpus_per_slot else "cpu"
