"""Merging a batch into the chunks that are stored: what is new, what repeats, what contradicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.db.chunks import Chunk, Curve
from app.domain.curves import Batch
from app.domain.errors import ConflictingMeasurement

CHUNK_POINTS = 1024  # a chunk that holds as many is left alone


@dataclass(frozen=True, slots=True)
class Merged:
    """Chunks to write, keys that vanish, and the steps that were not stored before."""

    write: list[Chunk]
    gone: list[tuple[str, int]]
    new_steps: set[int]


def merge(batch: Mapping[str, Curve], stored: Sequence[Chunk]) -> Merged:
    """The batch merged into the stored chunks, metric by metric. Raises ConflictingMeasurement."""
    merged = Merged([], [], set())
    for metric, (steps, values) in batch.items():
        old = [chunk for chunk in stored if chunk.metric == metric]
        fresh = ~_is_known(metric, (steps, values), old)
        if fresh.any():
            merged.new_steps.update(steps[fresh].tolist())
            _merge_metric(merged, Chunk(metric, steps[fresh], values[fresh]), old)
    return merged


def _is_known(
    metric: str, new: Curve, old: Sequence[Chunk]
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    steps, values = new
    known = np.zeros(steps.size, bool)
    for chunk in old:
        places = np.searchsorted(chunk.steps, steps)
        places[places == chunk.steps.size] = 0
        here = chunk.steps[places] == steps
        kept = chunk.values[places]
        differs = here & ~((kept == values) | (np.isnan(kept) & np.isnan(values)))
        if differs.any():
            at = int(np.argmax(differs))
            raise ConflictingMeasurement(
                f"{metric} at step {steps[at]} is stored as {kept[at]!s}; {values[at]!s} came now, "
                "and the first is kept",
                hint="a step is reported once; a resumed training reports in its own attempt",
            )
        known |= here
    return known


def _merge_metric(merged: Merged, new: Chunk, old: Sequence[Chunk]) -> None:
    touched = [chunk for chunk in old if not _is_left_alone(chunk, new)]
    steps = np.concatenate([*(chunk.steps for chunk in touched), new.steps])
    values = np.concatenate([*(chunk.values for chunk in touched), new.values])
    order = np.argsort(steps, kind="stable")
    written = [
        Chunk(new.metric, steps[part], values[part])
        for part in np.array_split(order, range(CHUNK_POINTS, order.size, CHUNK_POINTS))
    ]
    merged.write.extend(written)
    keys = {chunk.key for chunk in written}
    merged.gone.extend(chunk.key for chunk in touched if chunk.key not in keys)


def _is_left_alone(chunk: Chunk, new: Chunk) -> bool:
    is_full = chunk.steps.size >= CHUNK_POINTS
    return chunk.last_step < new.first_step and is_full


def columns_of(batch: Batch) -> dict[str, Curve]:
    """Each metric's points; what was not measured is left out."""
    steps = np.array(batch.steps, np.int64)
    found = {}
    for metric, values in batch.metrics.items():
        measured = np.array([value is not None for value in values], bool)
        numbers = np.array([value for value in values if value is not None], np.float64)
        if numbers.size:
            found[metric] = (steps[measured], numbers)
    return found
