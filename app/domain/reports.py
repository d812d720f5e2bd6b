"""What workers say: claims, heartbeats, measurements, checkpoints, the end (contract section 5)."""

import re
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from app.domain.curves import Batch
from app.domain.errors import InvalidInput
from app.domain.gpus import GpuDevice, GpuReading
from app.domain.ids import AttemptId, StudyId, WorkerId
from app.domain.space import STRICT_FIELDS
from app.domain.states import EndReason, Outcome

MAX_WAIT_SECONDS = 30
MAX_WORD = 128
METRIC_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")


def check_words(**words: str) -> None:
    """Raises InvalidInput unless each is 1 to 128 characters long."""
    for name, word in words.items():
        if not 1 <= len(word) <= MAX_WORD:
            raise InvalidInput(f"{name} is 1 to {MAX_WORD} characters long; it has {len(word)}")


@dataclass(frozen=True, slots=True)
class Offers:
    """What a slot can run."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    gpus: int = 0
    entrypoints: tuple[str, ...] = ()
    commands: bool = False
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The slot's attempt whose training has ended, while its last reports are on their way."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    attempt_id: AttemptId
    token: str


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """A slot asks for work; `request_id` makes the request repeatable. The attempt `after` which
    the slot claims may still report and finish; any other of the slot is lost."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    worker: WorkerId
    boot_id: str
    slot: str
    request_id: str
    queue: str = "cpu"
    offers: Offers = Offers()
    study_id: StudyId | None = None
    wait_seconds: float = 0.0
    after: Predecessor | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.wait_seconds <= MAX_WAIT_SECONDS:
            raise InvalidInput(
                f"wait_seconds lies between 0 and {MAX_WAIT_SECONDS}; it is {self.wait_seconds}"
            )
        check_words(worker=self.worker, boot_id=self.boot_id, slot=self.slot)
        check_words(request_id=self.request_id)


@dataclass(frozen=True, slots=True)
class Code:
    """What ran: the git commit and the digest of what differs from it, or of the sources."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    commit: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Logs:
    """The ends of the training's output."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    stdout: str = ""
    stderr: str = ""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A sign of life; what it brings besides is new since the last one."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    last_step: int = 0
    gpu: tuple[GpuReading, ...] | None = None
    code: Code | None = None
    logs: Logs | None = None


NonFinite = Literal["nan", "inf", "-inf"]


@dataclass(frozen=True, slots=True)
class Measurements:
    """A batch in columns; null = not measured at this step."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    steps: tuple[int, ...]
    metrics: dict[str, tuple[float | NonFinite | None, ...]]

    def batch(self) -> Batch:
        """The same in numbers. Raises InvalidInput for a bad name, length or order of steps."""
        for name in self.metrics:
            check_metric_name(name)
        return Batch(self.steps, {name: _numbers(told) for name, told in self.metrics.items()})


def check_metric_name(name: str) -> None:
    """Raises InvalidInput unless the name has the contract's form."""
    if not METRIC_NAME.fullmatch(name):
        raise InvalidInput(
            f"{name[:40]!r} is no metric name; it starts with a letter or _, then letters, digits, "
            "_ . - follow, at most 128 characters in all"
        )


def _numbers(told: tuple[float | str | None, ...]) -> tuple[float | None, ...]:
    return tuple(float(value) if isinstance(value, str) else value for value in told)


@dataclass(frozen=True, slots=True)
class CheckpointReport:
    """A checkpoint that lies in the store."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    step: int
    store: str
    key: str
    bytes: int
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    """How the attempt ended; `last_step` = the steps done."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    outcome: Outcome
    last_step: int = 0
    reason: EndReason | None = None
    exit_code: int | None = None
    code: Code | None = None
    logs: Logs | None = None
    gpu: tuple[GpuReading, ...] | None = None


@dataclass(frozen=True, slots=True)
class SlotOffer:
    """One place on a node; `problem`: why it is quarantined, so that it claims nothing."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    slot: str
    gpus: int = 0
    queue: str = "cpu"
    devices: tuple[GpuDevice, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Registration:
    """A worker says what it is, at every start and when a slot's problem comes or goes; `labels`
    None: it says them at its claims only."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    worker: WorkerId
    boot_id: str
    name: str
    version: str
    slots: tuple[SlotOffer, ...]
    store: str | None = None
    store_nonce: str | None = None
    entrypoints: tuple[str, ...] = ()
    commands: bool = False
    labels: dict[str, str] | None = None

    def __post_init__(self) -> None:
        check_words(worker=self.worker, boot_id=self.boot_id, name=self.name)
