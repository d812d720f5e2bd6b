"""The audit: finished rounds that somebody brings along to be judged; nothing of it is stored
(contract section 5)."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from app.domain.reports import NonFinite
from app.domain.rounds import Purpose
from app.domain.schedules import ScheduleDefinition
from app.domain.space import STRICT_FIELDS, Fixed, Parameters, Value
from app.domain.studies import Objective, SamplerDefinition, TrainingMetric, Workload


class AuditOutcome(StrEnum):
    """How a trial ended, as its owner saw it."""

    COMPLETED = "completed"
    DIVERGED = "diverged"
    FAILED = "failed"
    CENSORED = "censored"


@dataclass(frozen=True, slots=True)
class AuditCurve:
    """Measurements in columns: steps ascend, null = not measured at this step."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    steps: tuple[int, ...]
    metrics: dict[str, tuple[float | NonFinite | None, ...]]


@dataclass(frozen=True, slots=True)
class AuditTrial:
    """A finished trial under its owner's id; without a seed it gets one of its own."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    id: str
    params: dict[str, Value]
    outcome: AuditOutcome
    curve: AuditCurve
    seed: int | None = None
    max_train_steps: int | None = None
    promoted_from: str | None = None


@dataclass(frozen=True, slots=True)
class AuditRound:
    """Trials that share a horizon; `fixed` adds to the audit's own."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    purpose: Purpose
    max_train_steps: int
    trials: tuple[AuditTrial, ...]
    schedule: ScheduleDefinition = field(default_factory=ScheduleDefinition)
    evaluate_every_steps: int | None = None
    fixed: Fixed = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditRequest:
    """Rounds in the order in which they ran; the recommendation is about the last."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    objective: Objective
    parameters: Parameters
    rounds: tuple[AuditRound, ...]
    workload: Workload = Workload.NOT_COMPUTE_BOUND
    training_metric: TrainingMetric | None = None
    loss_metric: str | None = None
    fixed: Fixed = field(default_factory=dict)
    sampler: SamplerDefinition | None = None  # None: read off the values that were tried
    production_steps: int | None = None
    settings: dict[str, float] = field(default_factory=dict)
