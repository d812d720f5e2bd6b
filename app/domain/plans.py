"""A plan: what run one hopes to launch, what may be spent on the way there, and the ways to spend
it."""

from dataclasses import dataclass, field
from typing import ClassVar

from app.domain.errors import InvalidInput
from app.domain.schedules import ScheduleDefinition
from app.domain.space import STRICT_FIELDS
from app.domain.studies import MAX_STEPS, Maturity

SECONDS_PER_HOUR = 3600.0
MOST_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class PlanBudget:
    """`steps`, or `gpu_hours` with the speed that turns them into steps."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    steps: int | None = None
    gpu_hours: float | None = None
    gpus_per_trial: int = 1
    seconds_per_step: float | None = None

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.gpu_hours is None):
            raise InvalidInput("a budget has either `steps` or `gpu_hours`, not both or none")
        if self.gpus_per_trial < 1:
            raise InvalidInput(f"gpus_per_trial is at least 1; it is {self.gpus_per_trial}")
        if self.seconds_per_step is not None and self.seconds_per_step <= 0:
            raise InvalidInput(f"seconds_per_step lies above 0; it is {self.seconds_per_step}")
        if self.gpu_hours is not None and self.seconds_per_step is None:
            raise InvalidInput("a budget in gpu_hours needs seconds_per_step, measured or guessed")
        if not 1 <= self.total_steps <= MAX_STEPS:
            raise InvalidInput(f"the budget is {self.total_steps} steps; give 1 to 2^53")

    @property
    def total_steps(self) -> int:
        """What may be spent, in steps of one trial."""
        if self.steps is not None:
            return self.steps
        seconds = (self.gpu_hours or 0.0) * SECONDS_PER_HOUR
        return int(min(seconds / (self.seconds_per_step or 1.0) / self.gpus_per_trial, 2.0**60))


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """`schedule` in numbers tells what a longer run can reuse; `dimensions`: how many parameters
    are searched; `maturity` as a study states it (P-30)."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    production_steps: int
    budget: PlanBudget
    slots: int = 1
    patience_hours: float | None = None
    warmup_steps: int = 0
    schedule: ScheduleDefinition | None = None
    rounds_max: int = 3
    dimensions: int | None = None
    maturity: Maturity = field(default_factory=Maturity)

    def __post_init__(self) -> None:
        _check("production_steps", self.production_steps, 1, MAX_STEPS)
        _check("slots", self.slots, 1, MAX_STEPS)
        _check("warmup_steps", self.warmup_steps, 0, self.production_steps)
        _check("rounds_max", self.rounds_max, 1, MOST_ROUNDS)
        _check("dimensions", self.dimensions, 1, 1000)
        if self.patience_hours is not None and not self.patience_hours > 0:
            raise InvalidInput(f"patience_hours lies above 0; it is {self.patience_hours}")


@dataclass(frozen=True, slots=True)
class PlannedRound:
    """One horizon: trials of `max_train_steps` steps; `steps` is what they cost after reuse."""

    max_train_steps: int
    trials: int
    steps: int
    trial_steps: int  # of one trial, after reuse
    gpu_hours: float | None  # None: no speed was given
    wall_hours: float | None
    trial_hours: float | None


@dataclass(frozen=True, slots=True)
class PlannedTotal:
    """All rounds together."""

    trials: int
    steps: int
    gpu_hours: float | None
    wall_hours: float | None


@dataclass(frozen=True, slots=True)
class PlanAlternative:
    """One way to spend the budget, and what speaks for and against it (P-22).

    `is_within_patience` is None where no speed or no patience was given.
    """

    name: str
    rounds: tuple[PlannedRound, ...]
    total: PlannedTotal
    saved_by_reuse_steps: int
    trade: str
    is_within_patience: bool | None = None

    @property
    def horizons(self) -> tuple[int, ...]:
        """Steps of each round, shortest first."""
        return tuple(one.max_train_steps for one in self.rounds)


def _check(name: str, value: int | None, low: int, high: int) -> None:
    if value is not None and not low <= value <= high:
        raise InvalidInput(f"{name} lies between {low} and {high}; it is {value}")
