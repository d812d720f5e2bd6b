"""The node: one process that owns slots and GPUs, registers them, runs a thread for each slot."""

import importlib.metadata
import threading
import time
from pathlib import Path
from typing import Any

import structlog

from app.stores.store import Store
from paceline.client import Client
from paceline.service import find_service
from workers.bench import Bench
from workers.checkpoints import worker_store
from workers.environment import copy_sdk
from workers.folder import tidy_leftovers
from workers.identity import Identity, read_identity
from workers.inventory import Device, open_inventory
from workers.layout import Slots, slot_gpus, unused, visible_gpus
from workers.locks import Patience, PlaceLock, take_all
from workers.options import WorkerOptions
from workers.retry_words import speak_plainly
from workers.room import Disks, places
from workers.roster import Roster
from workers.slot import Place, Slot
from workers.wakeups import WakeUps

JOIN_SECONDS = 0.5  # how long a signal may go unheard

log = structlog.get_logger()


class Node:
    """Start it, wake it, stop it; `stop` may be called from a signal handler's thread."""

    def __init__(self, options: WorkerOptions) -> None:
        self.options = options
        self.stopping = threading.Event()
        self.wakeups = WakeUps() if options.broker else None
        self._slots: list[Slot] = []
        self._locks: list[PlaceLock] = []
        self._client: Client | None = None
        self._disks = Disks(())

    def start(self) -> None:
        """Lock, register and run. Raises NoSlot, PlaceTaken, or ProblemError if not let in."""
        speak_plainly()
        options = self.options
        identity = read_identity(options.state_dir)
        store = worker_store(options.store, options.state_dir)
        self._client = client = open_client(options)
        inventory = open_inventory(options.simulated_gpus)
        groups = slot_gpus(options, inventory)
        if options.gpus_per_slot and (left := unused(visible_gpus(inventory), groups)):
            log.warning("no slot has these GPUs", gpus=left)
        patience = Patience(is_over=self.stopping.is_set)
        locks = [take_all(self._places(slot, gpus), patience) for slot, gpus in groups.items()]
        self._locks = [lock for held in locks for lock in held]
        tidy_leftovers(options.state_dir)
        roster = Roster(client, registration(options, identity, store, groups), store)
        roster.register(lambda: not self.stopping.is_set())
        sdk_folder = copy_sdk(options.state_dir.resolve())
        self._disks = Disks(places(options.state_dir, store.url))
        for (slot, gpus), held in zip(groups.items(), locks, strict=True):
            descriptors = tuple(lock.descriptor for lock in held)
            place = Place(identity, slot, options.queue_for(len(gpus)), descriptors)
            bench = Bench(
                client, options, store, sdk_folder, inventory, gpus, self._disks, self.stopping
            )
            self._slots.append(Slot(place, bench, roster, self.wakeups))
        for thread in self._slots:
            thread.start()

    def wake(self) -> None:
        """There may be work: every idle slot looks."""
        if self.wakeups:
            self.wakeups.ring()

    def stop(self) -> None:
        """Ask every training to checkpoint; the slots release their attempts as pre-empted."""
        self.stopping.set()
        self.wake()
        self._stop_waiting()

    def kill(self) -> None:
        """End every training at once; for a process that is about to exit."""
        for thread in self._slots:
            thread.kill()

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Whether every slot has ended within the time."""
        limit = float("inf") if timeout_seconds is None else timeout_seconds
        deadline = time.monotonic() + limit
        while living := [thread for thread in self._slots if thread.is_alive()]:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            living[0].join(min(left, JOIN_SECONDS))
            if self.stopping.is_set():
                self._stop_waiting()
        self._let_go()
        return True

    def _stop_waiting(self) -> None:
        """Again and again while it ends: a slot may just have been about to ask."""
        for slot in self._slots:
            slot.stop_waiting()

    def _let_go(self) -> None:
        self._disks.close()
        for lock in self._locks:
            lock.release()
        if self._client:
            self._client.close()

    def _places(self, slot: str, gpus: tuple[Device, ...]) -> dict[str, Path]:
        slots = self.options.state_dir / "slots"
        return {f"slot {slot} of {self.options.state_dir}": slots / f"{slot}.lock"} | {
            f"GPU {gpu.id}": self.options.lock_dir / f"{gpu.id.replace('/', '_')}.lock"
            for gpu in gpus
        }


def open_client(options: WorkerOptions) -> Client:
    """The service that the options name, or that every client finds. Raises ServiceNotFound."""
    if options.url and options.token:
        return Client(options.url, options.token)
    service = find_service(options.url or None, options.token_file)
    return Client(service.url, options.token or service.token)


def registration(
    options: WorkerOptions, identity: Identity, store: Store, groups: Slots
) -> dict[str, Any]:  # Any: JSON
    """The body of `POST /v1/workers`; the roster adds the nonce of the store."""
    return {
        "worker": identity.worker_id,
        "boot_id": identity.boot_id,
        "name": options.name,
        "version": importlib.metadata.version("paceline"),
        "store": store.url,
        "slots": [
            {
                "slot": slot,
                "gpus": len(gpus),
                "queue": options.queue_for(len(gpus)),
                "devices": [
                    {"id": gpu.id, "name": gpu.name, "memory_bytes": gpu.memory_bytes}
                    for gpu in gpus
                ],
            }
            for slot, gpus in groups.items()
        ],
        "entrypoints": sorted(options.entrypoints),
        "commands": options.allow_commands,
        "labels": options.labels,
    }
