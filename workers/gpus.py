"""Which GPUs of the node this worker uses, and how its slots part them; pure."""

from collections.abc import Sequence
from itertools import accumulate

from workers.inventory import Device


def select_visible(devices: Sequence[Device], said: str | None) -> tuple[Device, ...]:
    """What CUDA_VISIBLE_DEVICES (indices, uuids, MIG names; beginnings suffice) leaves visible.

    Like CUDA, an unknown device ends the list, and a GPU that is partitioned stands for its first
    part. With nothing said every part is visible: each slot is given one of its own.
    """
    if said is None:
        return tuple(part for device in devices for part in device.parts or (device,))
    chosen: list[Device] = []
    for word in (part.strip() for part in said.split(",")):
        found = _named(devices, word)
        if found is None or found in chosen:
            break
        chosen.append(found)
    return tuple(chosen)


def _named(devices: Sequence[Device], word: str) -> Device | None:
    if word.isdigit():
        found = [devices[int(word)]] if int(word) < len(devices) else []
    else:
        everything = [one for device in devices for one in (device, *device.parts)]
        exact = [one for one in everything if one.id == word]
        found = exact or [one for one in everything if word and one.id.startswith(word)]
    if len(found) != 1:
        return None
    return found[0].parts[0] if found[0].parts else found[0]


def slot_sizes(asked: Sequence[int], count: int) -> tuple[int, ...]:
    """How many of `count` GPUs each slot gets: one size as often as it fits, several as asked."""
    return tuple(asked) * (count // asked[0]) if len(asked) == 1 else tuple(asked)


def partition(devices: Sequence[Device], sizes: Sequence[int]) -> list[tuple[Device, ...]]:
    """Groups of these sizes, in the order of the devices: neighbours are often linked best. Those
    that are left over stay unused. Raises ValueError where there are too few.
    """
    if sum(sizes) > len(devices):
        raise ValueError(f"{sum(sizes)} GPUs are asked for, and there are {len(devices)}")
    starts = accumulate(sizes, initial=0)
    return [tuple(devices[at : at + size]) for at, size in zip(starts, sizes, strict=False)]


def partitioned(devices: Sequence[Device]) -> list[str]:
    """The ids that are parts of a GPU (MIG): a process sees only one of them."""
    return [device.id for device in devices if device.id.startswith("MIG-")]
