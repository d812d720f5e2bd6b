"""What a rule is: a detector with its code, documentation and thresholds; bindings punish."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any  # Any: each stage has its own facts; the engine pairs stage and facts

from app.domain.studies import Binding
from app.policy.verdicts import Verdict

Verdicts = Verdict | tuple[Verdict, ...]
Check = Callable[[Any], Verdicts]


class Stage(StrEnum):
    """When a rule runs; the facts it gets follow from it."""

    STUDY_ADMISSION = "SA"  # RoundAdmission
    ROUND_ADMISSION = "RA"  # RoundAdmission
    MEASUREMENT = "M"  # MeasurementFacts
    ROUND_REVIEW = "RR"  # ReviewFacts
    PROMOTION = "P"  # PromotionFacts
    PLAN = "PL"  # PlanFacts
    ATTEMPT_START = "AS"  # StartFacts


class Severity(StrEnum):
    """How bad the news is, before any study's binding."""

    INFO = "info"
    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Rule:
    """A detector. `checks` holds one function a stage; several verdicts: one a parameter."""

    code: str
    name: str
    title: str
    claims: tuple[str, ...]
    severity: Severity
    explanation: str
    checks: Mapping[Stage, Check]
    default_binding: Binding = Binding.WARN
    settings: Mapping[str, float] = field(default_factory=dict)
    version: int = 1
    is_waivable: bool = True

    @property
    def stage(self) -> str:
        """The stages as the catalogue writes them: "RA, RR"."""
        return ", ".join(self.checks)
