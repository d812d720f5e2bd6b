"""Which GPUs a worker sees and how it parts them between slots."""

import pytest

from workers.gpus import partition, select_visible

NODE = ["GPU-aa", "GPU-ab", "GPU-c", "GPU-d"]


@pytest.mark.parametrize(
    ("said", "visible"),
    [
        (None, ("GPU-aa", "GPU-ab", "GPU-c", "GPU-d")),
        ("2,0", ("GPU-c", "GPU-aa")),
        ("GPU-c", ("GPU-c",)),
        ("GPU-a", ()),  # not unique
        ("MIG-1/2,MIG-3", ("MIG-1/2", "MIG-3")),
        ("1,9,2", ("GPU-ab",)),  # like CUDA: nothing after an unknown device
        ("", ()),
        ("-1", ()),
    ],
)
def test_cuda_visible_devices_is_respected(said: str | None, visible: tuple[str, ...]) -> None:
    assert select_visible(NODE, said) == visible


def test_gpus_that_fill_no_slot_stay_unused() -> None:
    assert partition(["a", "b", "c", "d", "e"], 2) == [("a", "b"), ("c", "d")]
