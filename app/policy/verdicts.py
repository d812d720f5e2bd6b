"""Three answers, never two: Clear, Finding, Inconclusive. Silence must never read as approval."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any  # Any: evidence is JSON-ready numbers, each rule documents its keys

Evidence = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Judged:
    """What every answer carries besides its kind: numbers, and what they were read from."""

    evidence: Evidence = field(default_factory=dict)
    statistic: float | None = None
    threshold: float | None = None
    interval: tuple[float, float] | None = None
    n_used: int = 0
    trial_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clear:
    """The rule looked, had enough to judge, and found nothing."""

    judged: Judged = Judged()
    message: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Bad news, in a sentence with the number, and what to do."""

    message: str
    action: str
    judged: Judged = Judged()
    is_advice_only: bool = False  # a `suspect` edge: carries binding warn, never blocks
    is_always_enforced: bool = False  # so bad that no default binding softens it (HZN105 from 100%)


@dataclass(frozen=True, slots=True)
class Inconclusive:
    """Too little to judge; `missing` names what is wanted ("trials", "signal", "purpose" ...)."""

    missing: tuple[str, ...]
    message: str = ""
    judged: Judged = Judged()


Verdict = Clear | Finding | Inconclusive
