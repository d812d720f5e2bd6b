"""Trials, attempts and checkpoints as the services see them: records of what the database holds."""

from dataclasses import dataclass, field

from app.domain.curves import Best, Lineage
from app.domain.gpus import GpuUse
from app.domain.ids import AttemptId, StudyId, TrialId, WorkerId
from app.domain.pace import Pace
from app.domain.rounds import Origin, Resume
from app.domain.space import Value
from app.domain.states import AttemptState, EndReason, TrialState
from paceline.schedules import Schedule


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Saved weights: where they lie and which attempt wrote them; `value` is the objective at that
    step."""

    attempt_id: AttemptId
    trial_id: TrialId
    step: int
    value: float | None
    store: str
    key: str
    bytes: int
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class NewTrial:
    """A trial about to be stored: one point of a round under one seed, everything resolved."""

    point_index: int
    point_key: str
    params: dict[str, Value]
    seed: int
    schedule: Schedule
    origin: Origin | None = None
    resume: Resume | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """One point of the space under a round's horizon and one seed."""

    id: TrialId
    study_id: StudyId
    round: int
    number: int
    point_index: int
    point_key: str
    params: dict[str, Value]
    seed: int
    max_train_steps: int
    interval_steps: int
    checkpoint_steps: tuple[int, ...]
    schedule: Schedule
    state: TrialState
    censored: bool = False
    origin: Origin | None = None
    resume: Resume | None = None
    lineage: Lineage = ()
    best: Best = field(default_factory=Best)
    reason: EndReason | str | None = None
    caller_id: str | None = None
    failures: int = 0
    attempt_count: int = 0
    not_before: float = 0.0  # back-off of a retry: no claim earlier (epoch seconds)
    is_open: bool = True  # its study is active, so it may be claimed
    gpus: int = 0  # of its study's job
    claimable_at: float | None = None
    attempt_id: AttemptId | None = None  # the one that holds, or last held, the trial

    @property
    def best_step_fraction(self) -> float | None:
        return None if self.best.step is None else self.best.step / self.max_train_steps


@dataclass(frozen=True, slots=True)
class CheckpointPlace:
    """Where a checkpoint lies: the key is relative to the store."""

    store: str
    key: str
    bytes: int
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """The checkpoint that an attempt starts from, as the claim answers it."""

    step: int
    checkpoint: CheckpointPlace


@dataclass(frozen=True, slots=True)
class Attempt:
    """One execution of a trial by one worker; the lease is by the database's clock (epoch seconds,
    UTC)."""

    id: AttemptId
    trial_id: TrialId
    study_id: StudyId
    number: int
    state: AttemptState
    worker: WorkerId
    boot_id: str
    slot: str
    request_id: str
    start_step: int
    resume: Start | None
    last_step: int
    started_at: float
    lease_expires_at: float
    claimable_at: float | None = None
    ended_at: float | None = None
    reason: EndReason | None = None
    exit_code: int | None = None
    reserved_steps: int = 0
    reserved_gpu_seconds: float = 0.0
    reported: dict[str, int] = field(default_factory=dict)  # metric -> last step stored
    code: dict[str, str | None] | None = None
    pace: Pace | None = None  # None: it has measured nothing yet
    gpus: tuple[GpuUse, ...] = ()
