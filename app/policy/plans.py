"""What a rule sees of a plan: the question and its alternatives, before anything has run."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.plans import PlanAlternative, PlanRequest


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """`alternatives` are empty where the budget pays for none."""

    request: PlanRequest
    alternatives: tuple[PlanAlternative, ...]
    settings: Mapping[str, float] = field(default_factory=dict)

    def setting(self, name: str, default: float) -> float:
        """The threshold of that name, or the rule's own default."""
        return self.settings.get(name, default)
