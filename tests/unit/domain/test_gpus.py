"""What an attempt did with its GPUs, heartbeat by heartbeat."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.gpus import MANY, GpuReading, GpuUse, follow_use

readings = st.lists(
    st.builds(
        GpuReading,
        id=st.sampled_from("ab"),
        utilisation=st.none() | st.floats(0, 1),
        memory_bytes=st.none() | st.integers(0, 2**40),
    )
)


@given(readings)
def test_the_use_is_the_peak_and_the_mean_of_what_was_told(told: list[GpuReading]) -> None:
    uses: tuple[GpuUse, ...] = ()
    for reading in told:
        uses = follow_use(uses, (reading,))
    assert [use.id for use in uses] == list(dict.fromkeys(reading.id for reading in told))
    for use in uses:
        mine = [reading for reading in told if reading.id == use.id]
        memory = [one.memory_bytes for one in mine if one.memory_bytes is not None]
        busy = [one.utilisation for one in mine if one.utilisation is not None]
        assert use.peak_memory_bytes == max(memory, default=None)
        assert use.readings == len(busy)
        if busy:
            assert use.mean_utilisation == pytest.approx(sum(busy) / len(busy))


def test_a_reading_without_a_name_leaves_the_known_one() -> None:
    first = GpuReading("a", name="H100", memory_total_bytes=80)
    (use,) = follow_use(follow_use((), (first,)), (GpuReading("a", 0.5, 7),))
    assert (use.name, use.memory_bytes, use.peak_memory_bytes) == ("H100", 80, 7)


def test_more_gpus_than_a_node_can_hold_are_not_kept() -> None:
    told = tuple(GpuReading(f"GPU-{number}") for number in range(3 * MANY))
    assert len(follow_use((), told)) == MANY
