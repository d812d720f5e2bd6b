"""The round: trials that share one horizon, space and schedule; and its definition, which is also
a proposal."""

from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import ClassVar

from app.domain.ids import TrialId
from app.domain.schedules import ScheduleDefinition
from app.domain.space import STRICT_FIELDS, Fixed, Parameters, Value
from app.domain.states import RoundState
from app.domain.studies import SamplerDefinition, Workload


class Purpose(StrEnum):
    """What a round is for."""

    PROBE = "probe"
    LR_SWEEP = "lr_sweep"
    TUNE = "tune"
    CHECK = "check"
    FINAL = "final"


class Action(StrEnum):
    """What a recommendation says to do."""

    COLLECT_EVIDENCE = "collect_evidence"
    WIDEN_SEARCH_SPACE = "widen_search_space"
    DOUBLE_PROBE = "double_probe"
    TREAT_AS_COMPUTE_BOUND = "treat_as_compute_bound"
    SET_INITIAL_HORIZON = "set_initial_horizon"
    CHECK_HORIZON = "check_horizon"
    REDUCE_HORIZON = "reduce_horizon"
    EXTEND_HORIZON = "extend_horizon"
    PROMOTE = "promote"
    FINISH = "finish"


class Relation(StrEnum):
    """How a point relates to the trial it comes from."""

    SAME = "same"
    VARIANT = "variant"


@dataclass(frozen=True, slots=True)
class Origin:
    """The trial whose configuration this is, or varies."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    trial_id: TrialId
    relation: Relation = Relation.SAME


@dataclass(frozen=True, slots=True)
class Resume:
    """Prefix reuse: begin with another trial's checkpoint at this step."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    trial_id: TrialId
    step: int


@dataclass(frozen=True, slots=True)
class Point:
    """One configuration of a round; `schedule` overrides fields of the round's where set; `seeds`
    replaces the round's."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    params: dict[str, Value]
    schedule: ScheduleDefinition | None = None
    origin: Origin | None = None
    resume: Resume | None = None
    seeds: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class RoundRequest:
    """A round as somebody posts it: None = inherited (never inherited: trials, points, checks,
    checkpoint_steps)."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    purpose: Purpose = Purpose.TUNE
    checks: int | None = None
    workload: Workload | None = None
    max_train_steps: int | None = None
    parameters: Parameters | None = None
    fixed: Fixed | None = None
    schedule: ScheduleDefinition | None = None
    evaluate_every_steps: int | None = None
    checkpoint_steps: tuple[int, ...] = ()
    sampler: SamplerDefinition | None = None
    trials: int | None = None
    points: tuple[Point, ...] = ()
    seeds: tuple[int, ...] | None = None
    tags: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class RoundDefinition:
    """A complete round, nothing left to inherit. As a proposal it can be posted back as it is."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    purpose: Purpose
    max_train_steps: int
    parameters: Parameters
    fixed: Fixed
    schedule: ScheduleDefinition
    sampler: SamplerDefinition
    seeds: tuple[int, ...]
    tags: dict[str, str]
    evaluate_every_steps: int | None = None  # None: max(1, T // 50), see `interval_steps`
    checkpoint_steps: tuple[int, ...] = ()
    checks: int | None = None
    workload: Workload | None = None
    trials: int | None = None
    points: tuple[Point, ...] = ()

    @property
    def interval_steps(self) -> int:
        """The evaluation interval, resolved (contract section 2)."""
        return evaluation_interval(self.evaluate_every_steps, self.max_train_steps)


@dataclass(frozen=True, slots=True)
class ReviewProblem:
    """Why a round is still in review: what its last try ran into; the log has the trace."""

    text: str
    trace_id: str
    tries: int


@dataclass(frozen=True, slots=True)
class Round:
    """A stored round. `first_index` is where its points begin in the study's quasi-random
    sequence."""

    study_id: str
    number: int
    definition: RoundDefinition
    state: RoundState
    action: Action | None = None
    recommendation_id: str | None = None
    first_index: int = 0
    points_to_draw: int = 0  # what an adaptive sampler still owes
    counts: dict[str, int] = field(default_factory=dict)
    opened_at: float = 0.0
    closed_at: float | None = None
    problem: ReviewProblem | None = None


def evaluation_interval(evaluate_every_steps: int | None, max_train_steps: int) -> int:
    """Steps between evaluations: as given, else max(1, T // 50)."""
    return evaluate_every_steps or max(1, max_train_steps // 50)


def evaluation_steps(interval_steps: int, max_train_steps: int) -> list[int]:
    """The grid: multiples of the interval up to T, and T itself."""
    grid = list(range(interval_steps, max_train_steps + 1, interval_steps))
    return grid if grid and grid[-1] == max_train_steps else [*grid, max_train_steps]


def inherit(request: RoundRequest, base: RoundDefinition) -> RoundDefinition:
    """The request, completed from the last tune round (or the study's first)."""
    given = {f.name: getattr(request, f.name) for f in fields(request)}
    own = {"trials", "points", "checks", "checkpoint_steps", "purpose"}
    return replace(base, **{k: v for k, v in given.items() if k in own or v is not None})
