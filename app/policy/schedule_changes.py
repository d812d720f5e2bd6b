"""What the schedule rules see: a schedule in numbers before and after its horizon moved (P-25)."""

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Protocol

from app.policy.verdicts import Inconclusive
from paceline.schedules import Lookup, Schedule

# P-29a keeps the decay of these and holds the peak longer; wsd is that by construction.
HOLDING_KINDS = ("linear", "sqrt", "one_minus_sqrt", "polynomial")
TINY_RATE_FRACTION = 0.10  # of the peak: below it extra steps teach little (P-26)
ROUNDING = 1e-9  # a rate of exactly a tenth of the peak is not below it


@dataclass(frozen=True, slots=True)
class ScheduleChange:
    """`before` ran for `from_steps` (T1), `after` is meant for `to_steps` (T2)."""

    before: Schedule
    after: Schedule
    from_steps: int
    to_steps: int
    trial_id: str | None = None  # whose schedule it was; None: nobody's in particular

    @property
    def is_longer(self) -> bool:
        return self.to_steps > self.from_steps

    @property
    def added_tiny_share(self) -> float:
        """Steps below 10% of the peak, after less before, per added step (P-26).

        Not below 0, and 0 if no step was added.
        """
        if not self.is_longer:
            return 0.0
        now = count_tiny_steps(self.after, self.to_steps)
        then = count_tiny_steps(self.before, self.from_steps)
        return max(0.0, (now - then) / (self.to_steps - self.from_steps))


class ScheduleFacts(Protocol):
    """What a schedule rule asks for: a promotion has it, and so has a bare schedule."""

    @property
    def changes(self) -> tuple[ScheduleChange, ...]: ...

    def setting(self, name: str, default: float) -> float: ...


@dataclass(frozen=True, slots=True)
class BareSchedule:
    """One schedule extended on its own, outside of any study."""

    changes: tuple[ScheduleChange, ...]
    settings: dict[str, float] = field(default_factory=dict)

    def setting(self, name: str, default: float) -> float:
        """The threshold of that name, or the rule's own default."""
        return self.settings.get(name, default)


def cannot_judge_schedules(facts: ScheduleFacts) -> Inconclusive | None:
    """Without schedules in numbers, or without a longer horizon, nothing is asked."""
    if not facts.changes:
        why = "no schedule is known in numbers both before and after: a custom one has no formula"
        return Inconclusive(("schedule",), why)
    if not any(change.is_longer for change in facts.changes):
        why = f"nothing trains longer than before ({facts.changes[0].to_steps} steps)"
        return Inconclusive(("longer horizon",), why)
    return None


def trial_ids_of(*changes: ScheduleChange) -> tuple[str, ...]:
    """The trials whose schedules these were, each once."""
    return tuple(dict.fromkeys(c.trial_id for c in changes if c.trial_id is not None))


def count_tiny_steps(schedule: Schedule, max_train_steps: int) -> int:
    """How many steps after the warmup have less than a tenth of the peak.

    After the warmup no family rises, so bisecting for the first such step is exact.
    """
    limit = schedule.peak * TINY_RATE_FRACTION * (1 - ROUNDING)
    steps = range(schedule.warmup_steps + 1, max_train_steps + 1)
    is_tiny = Lookup(lambda step: schedule.learning_rate(step, max_train_steps) < limit, steps)
    return len(steps) - bisect_left(is_tiny, True)
