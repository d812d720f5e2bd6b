"""Which GPUs a worker sees, how it parts them between slots, and what it says of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workers.gpu_watch import SAMPLE_SECONDS, GpuWatch, why_not_free
from workers.gpus import partition, select_visible, slot_sizes
from workers.inventory import Device, open_inventory
from workers.layout import NoSlot, slot_gpus
from workers.options import WorkerOptions
from workers.simulated_gpus import SimulatedGpus

GIB = 2**30
PARTS = (Device("MIG-1"), Device("MIG-2"))
NODE = [Device("GPU-aa"), Device("GPU-ab"), Device("GPU-c"), Device("GPU-d", parts=PARTS)]

Write = Callable[..., SimulatedGpus]


@pytest.mark.parametrize(
    ("said", "visible"),
    [
        (None, ["GPU-aa", "GPU-ab", "GPU-c", "MIG-1", "MIG-2"]),
        ("2,0", ["GPU-c", "GPU-aa"]),
        ("GPU-c", ["GPU-c"]),
        ("GPU-a", []),  # not unique
        ("MIG-2,1", ["MIG-2", "GPU-ab"]),
        ("3", ["MIG-1"]),  # a partitioned GPU stands for its first part
        ("MIG-7,0", []),
        ("1,9,2", ["GPU-ab"]),  # like CUDA: nothing after an unknown device
        ("1,1", ["GPU-ab"]),
        ("", []),
        ("-1", []),
    ],
)
def test_cuda_visible_devices_is_respected(said: str | None, visible: list[str]) -> None:
    assert [device.id for device in select_visible(NODE, said)] == visible


def test_gpus_that_fill_no_slot_stay_unused() -> None:
    five = [Device(name) for name in "abcde"]
    groups = partition(five, slot_sizes((2,), len(five)))
    assert [[device.id for device in group] for group in groups] == [["a", "b"], ["c", "d"]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the file that stands for the node's GPUs."""

    def written(*gpus: dict[str, Any]) -> SimulatedGpus:  # Any: JSON
        path = tmp_path / "gpus.json"
        path.write_text(json.dumps(gpus))
        return SimulatedGpus(path)

    return written


def gpu(used_gib: float = 0.0, utilisation: float | None = 0.5, name: str = "a") -> dict[str, Any]:
    return {
        "id": f"GPU-{name}",
        "name": "H100",
        "memory_bytes": 80 * GIB,
        "used_bytes": int(used_gib * GIB),
        "utilisation": utilisation,
    }


def test_a_heartbeat_carries_the_mean_and_the_peak_since_the_last_one_that_was_heard(
    write: Write,
) -> None:
    inventory = write(gpu(1.0, 0.2))
    watch = GpuWatch(inventory, inventory.devices())
    watch.look(now=0.0)
    write(gpu(3.0, 0.8))
    watch.look(now=SAMPLE_SECONDS / 2)  # not yet
    watch.look(now=SAMPLE_SECONDS)
    write(gpu(2.0, 0.8))
    watch.look(now=2 * SAMPLE_SECONDS)
    (told,) = watch.pending()
    assert told == {
        "id": "GPU-a",
        "utilisation": pytest.approx(0.6),
        "memory_bytes": 3 * GIB,
        "name": "H100",
        "memory_total_bytes": 80 * GIB,
    }
    watch.acknowledge()
    assert watch.pending() == []


def test_a_part_of_a_gpu_has_memory_but_no_utilisation_of_its_own(write: Write) -> None:
    part = {"id": "MIG-1", "memory_bytes": 10 * GIB, "used_bytes": GIB}
    inventory = write({**gpu(), "parts": [part]})
    devices = select_visible(inventory.devices(), None)
    watch = GpuWatch(inventory, devices)
    watch.look(now=0.0)
    assert [(told["id"], told["utilisation"]) for told in watch.pending()] == [("MIG-1", None)]


@pytest.mark.parametrize(("used_gib", "is_free"), [(0.0, True), (8.0, True), (8.1, False)])
def test_a_gpu_is_free_up_to_a_tenth_of_its_memory(
    write: Write, used_gib: float, is_free: bool
) -> None:
    inventory = write(gpu(used_gib))
    said = why_not_free(inventory, inventory.devices(), free_fraction=0.1)
    assert (said is None) == is_free
    assert said is None or "8294 of 81920 MiB" in said


def test_a_gpu_that_does_not_answer_is_not_free(write: Write) -> None:
    devices = write(gpu(name="a"), gpu(name="b")).devices()
    said = why_not_free(write(gpu(name="a")), devices, free_fraction=0.1)
    assert said == "GPU GPU-b does not answer"


def test_slots_are_given_gpus_of_their_own(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,0")
    inventory = write(gpu(name="a"), gpu(name="b"))
    slots = slot_gpus(WorkerOptions(gpus_per_slot=(1,)), inventory)
    assert {slot: [one.id for one in gpus] for slot, gpus in slots.items()} == {
        "0": ["GPU-b"],
        "1": ["GPU-a"],
    }


def test_parts_of_a_gpu_are_never_given_to_one_slot_together(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    inventory = write({**gpu(), "parts": [{"id": "MIG-1"}, {"id": "MIG-2"}]})
    assert len(slot_gpus(WorkerOptions(gpus_per_slot=(1,)), inventory)) == 2
    with pytest.raises(NoSlot, match="--gpus-per-slot 1"):
        slot_gpus(WorkerOptions(gpus_per_slot=(2,)), inventory)


def test_a_node_without_a_driver_has_no_gpus() -> None:
    inventory = open_inventory(None)
    assert (inventory.devices(), inventory.sample(["GPU-a"])) == ((), [])
