"""What a worker under Celery hears is what its slots claim, or it does not start."""

import pytest

from workers.hearing import Unheard, options_for
from workers.options import WorkerOptions


@pytest.mark.parametrize(
    ("heard", "sizes", "cpu_slots"),
    [
        ("cpu", (), 1),
        ("gpu-1", (1,), 0),  # as many as fit
        ("gpu-4,gpu-2,gpu-1", (4, 2, 1), 0),
        ("gpu-2,cpu", (2,), 1),
        ("gpu-16", (16,), 0),
    ],
)
def test_queues_make_the_slots_where_none_are_said(
    heard: str, sizes: tuple[int, ...], cpu_slots: int
) -> None:
    options = options_for(heard.split(","), WorkerOptions())
    assert (options.gpus_per_slot, options.cpu_slots) == (sizes, cpu_slots)
    assert options.queues == tuple(heard.split(","))


def test_said_slots_stay_as_they_are_in_whatever_order_their_queues_are_heard() -> None:
    said = WorkerOptions(gpus_per_slot=(2, 1, 1))
    assert options_for(["gpu-1", "gpu-2"], said) is said


def test_a_queue_of_ones_own_is_heard_where_it_is_claimed() -> None:
    said = WorkerOptions(queue="mine", gpus_per_slot=(2, 1))
    assert options_for(["mine"], said) is said


@pytest.mark.parametrize(
    ("heard", "said", "advice"),
    [
        ("gpu-1", WorkerOptions(slots=2), "-Q cpu"),
        ("gpu-1", WorkerOptions(queue="cpu"), "-Q cpu"),
        ("gpu-2", WorkerOptions(gpus_per_slot=(2, 1)), "-Q gpu-2,gpu-1"),  # claimed, not heard
        ("gpu-2,gpu-1,cpu", WorkerOptions(gpus_per_slot=(2, 1)), "-Q gpu-2,gpu-1"),  # the reverse
        ("celery", WorkerOptions(), "-Q cpu"),  # no -Q was said
        ("gpu-0", WorkerOptions(), "-Q cpu"),
        ("gpu-1,mine", WorkerOptions(), "mine tells nothing"),
    ],
)
def test_queues_that_are_not_those_of_the_slots_are_refused_with_what_to_type(
    heard: str, said: WorkerOptions, advice: str
) -> None:
    with pytest.raises(Unheard, match=advice):
        options_for(heard.split(","), said)
