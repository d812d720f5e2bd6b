"""Assessment and recommendation: what a review says, and the advice that follows from it (contract
section 4)."""

from dataclasses import dataclass, field
from typing import Any  # Any: evidence is JSON-ready numbers, each rule documents its keys

from app.domain.rounds import Action, RoundDefinition
from app.domain.studies import Binding


@dataclass(frozen=True, slots=True)
class JudgedVerdict:
    """One rule's answer with its binding, as it goes over the wire and into the database."""

    code: str
    title: str
    verdict: str  # clear | finding | inconclusive
    severity: str  # info | warn | error
    binding: Binding
    message: str
    action: str
    claims: tuple[str, ...]
    n_used: int
    rounds_used: tuple[int, ...]
    statistic: float | None
    threshold: float | None
    interval: tuple[float, float] | None
    evidence: dict[str, Any]
    missing: tuple[str, ...]
    trial_ids: tuple[str, ...]
    rule_version: int
    waived: bool = False


@dataclass(frozen=True, slots=True)
class Assessment:
    """All verdicts of one review of one round."""

    round: int
    provisional: bool
    verdicts: tuple[JudgedVerdict, ...]


@dataclass(frozen=True, slots=True)
class HorizonAdvice:
    """How long to train: now, recommended, and the range in which the evidence leaves it."""

    current: int
    recommended: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Promotion:
    """A winner, and why it is one."""

    trial_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reason:
    """What a rule or a planner adds to the advice."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What the proposal will spend; `saved_by_reuse_steps` is already taken off."""

    steps: int
    gpu_hours: float
    saved_by_reuse_steps: int = 0


@dataclass(frozen=True, slots=True)
class Advice:
    """A recommendation without identity or state: what the adviser returns and a service stores."""

    round: int
    action: Action
    sentence: str
    max_train_steps: HorizonAdvice
    confidence: str  # high | medium | low
    parameters: dict[str, Any] | None = None
    promote: tuple[Promotion, ...] = ()
    schedule: dict[str, Any] | None = None
    reasons: tuple[Reason, ...] = ()
    would_change_my_mind: tuple[str, ...] = ()
    cost: Cost = Cost(0, 0.0)
    proposal: RoundDefinition | None = None
    is_decided: bool = field(default=True)
    """False where a deciding rule is inconclusive or a person is wanted: autopilot stops and
    waits."""
    blocked_by: tuple[str, ...] = ()
    """Codes of enforced findings that gate this action (promote, set_initial_horizon, finish
    only)."""
    subject_round: int | None = None
    """The round that the advice speaks for: the reviewed one (None), the one that this checks, or
    the longer one that stands once a descent has lost."""
