"""Slots of several shapes on one node: their sizes, their GPUs, their queues."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from workers.identity import Identity
from workers.inventory import Device
from workers.layout import NoSlot, Slots, slot_gpus, unused
from workers.node import registration
from workers.options import WorkerOptions

SIZES = st.lists(st.integers(1, 8), max_size=6)


class Gpus:
    """A node's."""

    def __init__(self, *devices: Device) -> None:
        self._devices = devices

    def devices(self) -> tuple[Device, ...]:
        return self._devices

    def sample(self, _: object) -> list[Any]:  # Any: a GpuSample, never asked for here
        return []


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CUDA_VISIBLE_DEVICES", "PACELINE_SLOTS", "PACELINE_GPUS_PER_SLOT"):
        monkeypatch.delenv(name, raising=False)


def node(count: int) -> Gpus:
    return Gpus(*(Device(f"GPU-{number}") for number in range(count)))


def ids(slots: Slots) -> list[list[str]]:
    return [[gpu.id for gpu in gpus] for gpus in slots.values()]


@given(st.integers(0, 16), SIZES, st.none() | st.integers(0, 3))
def test_no_gpu_is_in_two_slots_and_each_slot_has_as_many_as_asked(
    count: int, sizes: list[int], cpu_slots: int | None
) -> None:
    options = WorkerOptions(gpus_per_slot=tuple(sizes), slots=cpu_slots)
    try:
        slots = slot_gpus(options, node(count))
    except NoSlot:
        is_too_much = sum(sizes) > count
        assert is_too_much or (not sizes and cpu_slots == 0)
        return
    repeats = count // sizes[0] if len(sizes) == 1 else 1
    without = cpu_slots if cpu_slots is not None else int(not sizes)
    assert [len(gpus) for gpus in slots.values()] == sizes * repeats + [0] * without
    given_out = [name for group in ids(slots) for name in group]
    everything = [gpu.id for gpu in node(count).devices()]
    assert given_out == everything[: len(given_out)], "each once, in the order of the devices"
    assert given_out + unused(node(count).devices(), slots) == everything


@pytest.mark.parametrize(
    ("said", "sizes"), [("4,2,1,1", (4, 2, 1, 1)), ("2", (2,)), (" 2 , 1", (2, 1)), ("", ())]
)
def test_sizes_are_read_from_a_variable(
    said: str, sizes: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PACELINE_GPUS_PER_SLOT", said)
    assert WorkerOptions().gpus_per_slot == sizes


def test_sizes_are_read_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "paceline.toml").write_text("gpus_per_slot = [2, 1]\n")
    monkeypatch.chdir(tmp_path)
    assert WorkerOptions().gpus_per_slot == (2, 1)
    (tmp_path / "paceline.toml").write_text("gpus_per_slot = 2\n")
    assert WorkerOptions().gpus_per_slot == (2,)


@pytest.mark.parametrize("said", ["0", "2,0", "2,-1", "2,,1", "two", "1.5", ","])
def test_sizes_that_are_none_are_refused(said: str) -> None:
    with pytest.raises(ValidationError, match="gpus_per_slot"):
        WorkerOptions.model_validate({"gpus_per_slot": said})


def test_more_than_there_is_is_refused_with_both_numbers() -> None:
    options = WorkerOptions(gpus_per_slot=(4, 2, 1))
    with pytest.raises(NoSlot, match=r"--gpus-per-slot 4,2,1 needs 7, .* sees 6 GPUs"):
        slot_gpus(options, node(6))


def test_a_size_is_never_made_of_parts_but_parts_beside_whole_gpus_are_slots() -> None:
    parted = Gpus(Device("GPU-a"), Device("GPU-b", parts=(Device("MIG-1"), Device("MIG-2"))))
    slots = slot_gpus(WorkerOptions(gpus_per_slot=(1, 1, 1)), parted)
    assert ids(slots) == [["GPU-a"], ["MIG-1"], ["MIG-2"]]
    with pytest.raises(NoSlot, match="MIG"):
        slot_gpus(WorkerOptions(gpus_per_slot=(2, 1)), parted)
    whole_first = Gpus(Device("GPU-0"), *parted.devices())
    mixed = slot_gpus(WorkerOptions(gpus_per_slot=(2, 1, 1)), whole_first)
    assert ids(mixed) == [["GPU-0", "GPU-a"], ["MIG-1"], ["MIG-2"]]


def offers(options: WorkerOptions, count: int) -> list[tuple[str, int, str]]:
    """What the registration says of each slot: name, GPUs, queue."""

    class Store:
        url = "file:///store"

        def read_nonce(self) -> None:
            return None

    slots = slot_gpus(options, node(count))
    identity = Identity("w1", "b1")
    said = registration(options, identity, Store(), slots)  # type: ignore[arg-type]  # as read
    return [(slot["slot"], slot["gpus"], slot["queue"]) for slot in said["slots"]]


def test_each_slot_claims_from_the_queue_of_its_size() -> None:
    options = WorkerOptions(gpus_per_slot=(2, 1, 1), slots=1)
    told = offers(options, 4)
    assert told == [("0", 2, "gpu-2"), ("1", 1, "gpu-1"), ("2", 1, "gpu-1"), ("3", 0, "cpu")]
    assert options.queues == ("gpu-2", "gpu-1", "cpu")


def test_one_queue_may_be_named_for_all_slots() -> None:
    options = WorkerOptions(gpus_per_slot=(2, 1), queue="mine")
    assert offers(options, 3) == [("0", 2, "mine"), ("1", 1, "mine")]
    assert options.queues == ("mine",)
