"""Which slots a node has, and which of its GPUs each of them gets."""

import os
from collections.abc import Iterable, Sequence

from workers.gpus import partition, partitioned, select_visible, slot_sizes
from workers.inventory import Device, Inventory
from workers.options import WorkerOptions

Slots = dict[str, tuple[Device, ...]]  # name of a slot -> its GPUs


class NoSlot(Exception):
    """The options leave this worker nothing to run on."""


def slot_gpus(options: WorkerOptions, inventory: Inventory) -> Slots:
    """Every slot's name and its GPUs: the slots with GPUs, then those without. Raises NoSlot."""
    asked = options.gpus_per_slot
    groups = _parted(visible_gpus(inventory), asked) if asked else []
    groups += [()] * options.cpu_slots
    if not groups:
        raise NoSlot(f"--slots {options.slots} leaves nothing to run on: give at least 1")
    return {str(number): gpus for number, gpus in enumerate(groups)}


def visible_gpus(inventory: Inventory) -> tuple[Device, ...]:
    return select_visible(inventory.devices(), os.environ.get("CUDA_VISIBLE_DEVICES"))


def unused(gpus: Iterable[Device], slots: Slots) -> list[str]:
    """The ids of those that no slot has."""
    used = {gpu for group in slots.values() for gpu in group}
    return [gpu.id for gpu in gpus if gpu not in used]


def _parted(gpus: Sequence[Device], asked: Sequence[int]) -> list[tuple[Device, ...]]:
    flag = f"--gpus-per-slot {','.join(map(str, asked))}"
    sizes = slot_sizes(asked, len(gpus))
    if not sizes or sum(sizes) > len(gpus):
        needs = f" needs {sum(asked)}" if len(asked) > 1 else ""
        raise NoSlot(
            f"{flag}{needs}, but this worker sees {len(gpus)} GPUs: "
            "ask for fewer, set CUDA_VISIBLE_DEVICES, or use --slots for CPU slots"
        )
    groups = partition(gpus, sizes)
    parts = [name for group in groups if len(group) > 1 for name in partitioned(group)]
    if parts:
        raise NoSlot(
            f"{flag} gives {len(parts)} parts of GPUs (MIG) to slots together with others, but a"
            " process sees only one: ask for 1 in their places, as --gpus-per-slot 1 does for all"
        )
    return groups
