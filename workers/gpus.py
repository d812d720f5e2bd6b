"""Which GPUs of the node this worker uses, and how its slots part them; pure."""

from collections.abc import Sequence

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


def partition(devices: Sequence[Device], per_slot: int) -> list[tuple[Device, ...]]:
    """Groups of `per_slot` GPUs; those that do not fill a group stay unused."""
    whole = len(devices) - len(devices) % per_slot
    return [tuple(devices[n : n + per_slot]) for n in range(0, whole, per_slot)]


def partitioned(devices: Sequence[Device]) -> list[str]:
    """The ids that are parts of a GPU (MIG): a process sees only one of them."""
    return [device.id for device in devices if device.id.startswith("MIG-")]
