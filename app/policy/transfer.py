"""What of a winner is expected to hold when training grows longer, by role (P-27)."""

from dataclasses import dataclass, fields

from app.domain.points import merged_schedule
from app.domain.schedules import ScheduleDefinition
from app.domain.space import Role, Value
from app.policy.facts import TrialFacts
from app.policy.promotions import PromotedPoint, PromotionFacts
from app.policy.schedule_changes import HOLDING_KINDS

KEPT, SWEPT, REDERIVED, UNCHANGED = "kept", "swept", "re-derived", "unchanged"
VERY_LIKELY, LIKELY, MIGHT, UNLIKELY = "very_likely", "likely", "might", "unlikely"
# Role -> (transfer likelihood, the claim that says so); what has no line of its own might transfer.
LIKELIHOODS = {
    Role.WARMUP: (VERY_LIKELY, "P-27a"),
    Role.INITIALIZATION: (VERY_LIKELY, "P-27a"),
    Role.ARCHITECTURE: (LIKELY, "P-27b"),
    Role.SCHEDULE: (UNLIKELY, "P-27d"),
    Role.BATCH_SIZE: (MIGHT, "P-5"),
    Role.OTHER: (MIGHT, "P-27"),
}
USUALLY = (MIGHT, "P-27c")  # rate, optimiser and its numbers, augmentation, regularisation


@dataclass(frozen=True, slots=True)
class Transfer:
    """One searched parameter of the winners: its values in the proposal, and what was done to it.

    `unchanged` is `kept` where keeping is unlikely to be right.
    """

    parameter: str
    role: Role
    likelihood: str
    claim: str
    treatment: str
    values: tuple[Value, ...]


def transfers(facts: PromotionFacts) -> tuple[Transfer, ...]:
    """Every searched parameter that a winner carries, in the order of the space."""
    carried = [name for name in facts.proposal.parameters if _values(facts, name)]
    return tuple(_transfer(facts, name) for name in carried)


def has_lower_rate(facts: PromotionFacts, winner: TrialFacts, most_fraction: float) -> bool:
    """Whether the winner also runs at no more than that fraction of its peak."""
    if winner.schedule is None:
        return False
    most = most_fraction * winner.schedule.peak * (1 + 1e-9)
    return any(p.schedule and p.schedule.peak <= most for p in facts.variants_of(winner))


def holds_what_decayed(facts: PromotionFacts, point: PromotedPoint) -> bool:
    """Whether a decay from the first step on became a plateau with the decay after it (P-29a)."""
    before, after = point.source.schedule, point.schedule
    if before is None or after is None or before.kind not in HOLDING_KINDS:
        return False
    held_before = before.decay_start(point.source.max_train_steps) - before.warmup_steps
    held_after = after.decay_start(facts.to_steps) - after.warmup_steps
    return held_before <= 0 < held_after


def _transfer(facts: PromotionFacts, name: str) -> Transfer:
    role = facts.proposal.parameters[name].role
    likelihood, claim = LIKELIHOODS.get(role, USUALLY)
    values = _values(facts, name)
    return Transfer(name, role, likelihood, claim, _treatment(facts, name, likelihood), values)


def _treatment(facts: PromotionFacts, name: str, likelihood: str) -> str:
    if any(p.point.params.get(name) != p.source.params.get(name) for p in facts.points):
        return SWEPT
    if likelihood != UNLIKELY:
        return KEPT
    return REDERIVED if _is_replaced(facts, name) else UNCHANGED


def _is_replaced(facts: PromotionFacts, name: str) -> bool:
    """Whether the reviewed schedule took a number from this parameter, and no new one does."""
    own = facts.proposal.schedule
    now = (merged_schedule(own, p.point.schedule) for p in facts.points)
    return _refers_to(facts.review.round.definition.schedule, name) and not any(
        _refers_to(schedule, name) for schedule in now
    )


def _refers_to(schedule: ScheduleDefinition, name: str) -> bool:
    return any(getattr(schedule, f.name) == name for f in fields(schedule))


def _values(facts: PromotionFacts, name: str) -> tuple[Value, ...]:
    found = (p.point.params[name] for p in facts.points if name in p.point.params)
    return tuple(dict.fromkeys(found))
