"""How many best steps lie in the last part of training, over all of it or its constant part."""

from dataclasses import dataclass

from app.policy.best_steps import BestSteps, best_steps, least_count
from app.policy.facts import ReviewFacts

ZONE = 0.75  # P-11: the last 25%
CHANCE = 0.03  # of reaching the count on a flat, noisy plateau
MIN_SHARE = 0.6  # "consistently"
SETTINGS = {"CKP302.zone": ZONE, "CKP302.chance": CHANCE, "CKP302.min_share": MIN_SHARE}


@dataclass(frozen=True, slots=True)
class LateBestSteps:
    """`count` of the members' best steps lie late; `least` would be consistent."""

    found: BestSteps
    count: int
    least: int

    @property
    def is_consistent(self) -> bool:
        """Whether enough could be located and enough of them lie late."""
        return not self.found.missing and self.count >= self.least

    @property
    def share(self) -> float:
        """Late ones among all members; 0 without any."""
        return self.count / len(self.found.members) if self.found.members else 0.0


def late_best_steps(facts: ReviewFacts, before_step: int | None = None) -> LateBestSteps:
    """Raw best steps whose whole grid cell lies in the last quarter, up to `before_step` or T."""
    zone = facts.setting("CKP302.zone", ZONE)
    found = best_steps(facts, before_step)
    count = sum(m.raw > zone and m.cell_start >= zone - 1e-12 for m in found.members)
    least = least_count(
        len(found.members),
        1 - zone,
        facts.setting("CKP302.chance", CHANCE),
        facts.setting("CKP302.min_share", MIN_SHARE),
    )
    return LateBestSteps(found, count, least)
