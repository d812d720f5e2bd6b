"""What workers say: claims, heartbeats, measurements, checkpoints, the end (contract section 5)."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from app.domain.ids import StudyId, WorkerId
from app.domain.space import STRICT_FIELDS
from app.domain.states import EndReason, Outcome

MAX_WAIT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Offers:
    """What a slot can run."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    gpus: int = 0
    entrypoints: tuple[str, ...] = ()
    commands: bool = False
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """A slot asks for work; `request_id` makes the request repeatable."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    worker: WorkerId
    boot_id: str
    slot: str
    request_id: str
    queue: str = "cpu"
    offers: Offers = Offers()
    study_id: StudyId | None = None
    wait_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class GpuReading:
    """One GPU at one moment; `utilisation` is a fraction."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    id: str
    utilisation: float | None = None
    memory_bytes: int | None = None


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
    """One place on a node."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    slot: str
    gpus: int = 0
    queue: str = "cpu"


@dataclass(frozen=True, slots=True)
class Registration:
    """A worker says what it is, at every start."""

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
