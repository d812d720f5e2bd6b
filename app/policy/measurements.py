"""What a measurement rule sees: the steps of one batch and the horizon of its trial."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MeasurementFacts:
    """`steps` ascend; `max_train_steps` is the trial's horizon."""

    steps: Sequence[int]
    max_train_steps: int
