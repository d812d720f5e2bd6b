"""The study definition: one question, its metric, job, search space, first horizon and limits
(contract section 3)."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Literal

from app.domain.errors import InvalidDefinition
from app.domain.schedules import ScheduleDefinition
from app.domain.space import STRICT_FIELDS, Fixed, Parameters, Value

MAX_STEPS = 2**53


class Workload(StrEnum):
    """P-1, P-3: is training limited by patience, or by what the data can give?"""

    COMPUTE_BOUND = "compute_bound"
    NOT_COMPUTE_BOUND = "not_compute_bound"


class Direction(StrEnum):
    """Which way a metric gets better."""

    MINIMIZE = "minimize"
    MAXIMIZE = "maximize"

    @property
    def sign(self) -> int:
        """Multiply by it, and lower is better."""
        return 1 if self is Direction.MINIMIZE else -1


class Autopilot(StrEnum):
    """Who accepts proposals: nobody (advice only), a person, or the service within the limits."""

    OFF = "off"
    GATED = "gated"
    ON = "on"


class Binding(StrEnum):
    """What a finding of a rule does in this study."""

    ENFORCE = "enforce"
    WARN = "warn"
    OFF = "off"


class SamplerKind(StrEnum):
    """How points are picked."""

    QUASI_RANDOM = "quasi_random"
    RANDOM = "random"
    GRID = "grid"
    TPE = "tpe"
    CMA_ES = "cma_es"
    GP = "gp"


ADAPTIVE_SAMPLERS = frozenset({SamplerKind.TPE, SamplerKind.CMA_ES, SamplerKind.GP})


@dataclass(frozen=True, slots=True)
class Objective:
    """The metric that decides; `tolerance` is absolute, in its unit: differences that do not
    matter."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    metric: str
    direction: Direction = Direction.MINIMIZE
    tolerance: float = 0.0


@dataclass(frozen=True, slots=True)
class TrainingMetric:
    """What "fits the training set" means: within `tolerance` of `perfect`."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    metric: str
    direction: Direction = Direction.MINIMIZE
    perfect: float | None = None
    tolerance: float = 0.0


@dataclass(frozen=True, slots=True)
class Job:
    """What runs for a trial: argv (`command`) or a name that workers registered (`entrypoint`)."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    command: tuple[str, ...] | None = None
    entrypoint: str | None = None
    directory: str | None = None
    python: str | None = None
    env: dict[str, str] = field(default_factory=dict)
    gpus: int = 0
    labels: dict[str, str] = field(default_factory=dict)
    max_attempts: int = 3
    timeout_seconds: float | None = None
    resumable: bool = False

    def __post_init__(self) -> None:
        if (self.command is None) == (self.entrypoint is None):
            raise InvalidDefinition(
                "a job has either `command` (argv) or `entrypoint`, not both or none"
            )
        if self.command is not None and not (self.command and all(self.command)):
            raise InvalidDefinition("`command` must name a program: a list of non-empty words")
        if self.gpus < 0 or self.max_attempts < 1:
            raise InvalidDefinition("`gpus` must be at least 0 and `max_attempts` at least 1")
        if self.timeout_seconds is not None and self.timeout_seconds <= 0:
            raise InvalidDefinition("`timeout_seconds` must lie above 0; leave it out for none")


External = Literal["external"]


@dataclass(frozen=True, slots=True)
class SamplerDefinition:
    """`points`: for a grid, how many values of each parameter."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    kind: SamplerKind = SamplerKind.QUASI_RANDOM
    seed: int = 0
    points: dict[str, int] | None = None

    @property
    def is_adaptive(self) -> bool:
        return self.kind in ADAPTIVE_SAMPLERS


@dataclass(frozen=True, slots=True)
class AutoSteps:
    """Where the search for the first horizon starts and where it gives up."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    start_steps: int
    cap_steps: int


@dataclass(frozen=True, slots=True)
class AutoHorizon:
    """`max_train_steps: {auto: ...}`: probe and sweep rounds find the first horizon (P-15,
    P-16)."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    auto: AutoSteps


@dataclass(frozen=True, slots=True)
class Limits:
    """`rounds` counts distinct horizons of tune and final rounds; None = no limit."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    rounds: int | None = 3
    total_steps: int | None = None
    gpu_hours: float | None = None
    patience_hours: float | None = None


@dataclass(frozen=True, slots=True)
class Maturity:
    """P-30: what a team needs before more than three rounds are productive."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    modelling: bool = False
    pipelines: bool = False
    production: bool = False


@dataclass(frozen=True, slots=True)
class StudyDefinition:
    """One question, as posted. Lists are tuples here, objects with free keys dicts that nobody
    changes."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    name: str
    objective: Objective
    job: Job | External
    parameters: Parameters
    max_train_steps: int | AutoHorizon
    trials: int | None = None
    workload: Workload = Workload.NOT_COMPUTE_BOUND
    training_metric: TrainingMetric | None = None
    loss_metric: str | None = None
    fixed: Fixed = field(default_factory=dict)
    schedule: ScheduleDefinition = field(default_factory=ScheduleDefinition)
    evaluate_every_steps: int | None = None
    seeds: tuple[int, ...] = (0,)
    points: tuple[dict[str, Value], ...] = ()
    sampler: SamplerDefinition = SamplerDefinition()
    production_steps: int | None = None
    maturity: Maturity = Maturity()
    limits: Limits = Limits()
    priority: int = 0
    concurrency: int | None = None
    tags: dict[str, str] = field(default_factory=dict)
    autopilot: Autopilot = Autopilot.GATED
    bindings: dict[str, Binding] = field(default_factory=dict)
    settings: dict[str, float] = field(default_factory=dict)
    start: bool = True

    @property
    def gpus(self) -> int:
        return self.job.gpus if isinstance(self.job, Job) else 0

    @property
    def is_compute_bound(self) -> bool:
        return self.workload is Workload.COMPUTE_BOUND

    @property
    def metric_names(self) -> tuple[str, ...]:
        """Objective, training and loss metric, each once."""
        training = (self.training_metric.metric,) if self.training_metric else ()
        loss = (self.loss_metric,) if self.loss_metric else ()
        return tuple(dict.fromkeys((self.objective.metric, *training, *loss)))

    @property
    def is_resumable(self) -> bool:
        return isinstance(self.job, Job) and self.job.resumable
