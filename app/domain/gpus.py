"""What an attempt did with its GPUs, kept as totals: each heartbeat adds its readings."""

from dataclasses import dataclass, replace
from typing import ClassVar

from app.domain.space import STRICT_FIELDS

MANY = 64  # GPUs of one attempt; a worker that names more has lost count


@dataclass(frozen=True, slots=True)
class GpuDevice:
    """One GPU, or one part of a partitioned one (MIG), as its driver names it."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    id: str
    name: str | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class GpuReading:
    """One GPU since the heartbeat before: the mean utilisation (a fraction) and the most memory in
    use; `name` and `memory_total_bytes` say which device it is."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    id: str
    utilisation: float | None = None
    memory_bytes: int | None = None
    name: str | None = None
    memory_total_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class GpuUse:
    """One GPU over an attempt. `readings`: how many the mean is of."""

    id: str
    name: str | None = None
    memory_bytes: int | None = None
    peak_memory_bytes: int | None = None
    mean_utilisation: float | None = None
    readings: int = 0


def follow_use(known: tuple[GpuUse, ...], new: tuple[GpuReading, ...]) -> tuple[GpuUse, ...]:
    """The use once the readings are in; GPUs in the order in which they were first seen,
    at most `MANY`."""
    uses = {use.id: use for use in known}
    for reading in new:
        uses[reading.id] = _followed(uses.get(reading.id, GpuUse(reading.id)), reading)
    return tuple(uses.values())[:MANY]


def _followed(use: GpuUse, reading: GpuReading) -> GpuUse:
    told = [n for n in (use.peak_memory_bytes, reading.memory_bytes) if n is not None]
    seen = replace(
        use,
        name=reading.name or use.name,
        memory_bytes=reading.memory_total_bytes or use.memory_bytes,
        peak_memory_bytes=max(told, default=None),
    )
    if reading.utilisation is None:
        return seen
    count = use.readings + 1
    mean = use.mean_utilisation or 0.0
    return replace(
        seen, mean_utilisation=mean + (reading.utilisation - mean) / count, readings=count
    )
