"""By which factor the number of steps is expected to grow when the variance of the gradients rises:
learned from the user's own rounds where a pair shows it, else the batch law, else a plan (2.7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod

from app.domain.rounds import Purpose, RoundDefinition
from app.policy.baseline import reviewed_tune_rounds
from app.policy.conditions import architecture_changes, conditions_of, tag_changes
from app.policy.facts import NO_PROGRESS, Progress, RoundFacts, StudyFacts
from app.policy.gradient_variance import Raised, batch_factor, critical_batch, raised_variance
from app.policy.prepare import prepare

ONE_CHANGE = 1.5  # augmentation, dropout: no published law; a plan to be checked (policy 2.7)
SEVERAL_CHANGES = 2.0
LEVELS = (0.02, 0.05, 0.1, 0.15, 0.2)  # of the way from the end to the start
BATCH_LAW, DEFAULT = "batch law", "default"


@dataclass(frozen=True, slots=True)
class Factor:
    """A bracket, and where it comes from."""

    low: float
    high: float
    source: str

    @property
    def told(self) -> str:
        """As a sentence says it."""
        if self.low == self.high:
            return f"x{self.high:.3g} ({self.source})"
        return f"between x{self.low:.3g} and x{self.high:.3g} ({self.source})"


@dataclass(frozen=True, slots=True)
class Measured:
    """The least and the most that two rounds show."""

    low: float
    high: float


def expected_factor(study: StudyFacts, raised: Sequence[Raised]) -> Factor:
    """The factor of these changes (at least one), by what the study and its predecessor saw."""
    for known, whose in ((study, ""), (study.predecessor, " of the previous study")):
        learned = _learned(known, raised, whose) if known else None
        if learned is not None:
            return learned
    others = [one for one in raised if one.batch_sizes is None]
    ratio = prod(one.batch_sizes[0] / one.batch_sizes[1] for one in raised if one.batch_sizes)
    plan = 1.0 if not others else ONE_CHANGE if len(others) == 1 else SEVERAL_CHANGES
    least = plan if any(one.is_certain for one in others) else 1.0
    sources = ([BATCH_LAW] if ratio > 1 else []) + ([DEFAULT] if others else [])
    return Factor(least, plan * ratio, " and ".join(sources))


def _learned(study: StudyFacts, raised: Sequence[Raised], whose: str) -> Factor | None:
    """By the newest pair of rounds that differ in nothing but such changes."""
    for one, other in reversed(list(combinations(reviewed_tune_rounds(study), 2))):
        seen = _raised_alone(one, other)
        measured = _measured_factor(study, one, other) if _can_teach(seen, raised) else None
        if measured is not None:
            source = f"rounds {one.number} and {other.number}{whose}"
            return _taught(seen, raised, measured, source)
    return None


def _can_teach(seen: Sequence[Raised], raised: Sequence[Raised]) -> bool:
    """The very same changes, or one other change of the batch size for one of the batch size."""
    if _names(seen) == _names(raised):
        return True
    return len(seen) == len(raised) == 1 and bool(seen[0].batch_sizes and raised[0].batch_sizes)


def _taught(
    seen: Sequence[Raised], raised: Sequence[Raised], measured: Measured, source: str
) -> Factor:
    ours, theirs = raised[0].batch_sizes, seen[0].batch_sizes
    if _names(seen) == _names(raised) or ours is None or theirs is None:
        return Factor(measured.low, measured.high, source)
    low, high = (_by_law(factor, theirs, ours) for factor in (measured.low, measured.high))
    return Factor(low, high, f"{BATCH_LAW}, as {source} show it")


def _by_law(factor: float, seen: tuple[float, float], wanted: tuple[float, float]) -> float:
    """What the factor between two batch sizes says of two others; beyond the law: all of it."""
    critical = critical_batch(factor, *seen)
    return wanted[0] / wanted[1] if critical is None else batch_factor(critical, *wanted)


def _names(raised: Sequence[Raised]) -> frozenset[str]:
    return frozenset(one.change.told for one in raised)


def _raised_alone(one: RoundFacts, other: RoundFacts) -> tuple[Raised, ...]:
    """What raised the variance between two rounds; empty where anything else differs, too."""
    before, after = conditions_of(one.definition), conditions_of(other.definition)
    raised = raised_variance(before, after)
    changed = {each.change.name for each in raised}
    fixed = (before.fixed, after.fixed)
    ours, theirs = ({n: v for n, v in each.items() if n not in changed} for each in fixed)
    others = (*tag_changes(before, after), *architecture_changes(before, after))
    is_alone = not others and ours == theirs and one.codes == other.codes
    return raised if is_alone else ()


def _measured_factor(study: StudyFacts, one: RoundFacts, other: RoundFacts) -> Measured | None:
    """The ratio of the accepted horizons, else of the steps to equal values at one horizon."""
    accepted = _accepted_steps(study, one), _accepted_steps(study, other)
    if accepted[0] and accepted[1]:
        ratio = accepted[1] / accepted[0]
        return Measured(ratio, ratio)
    mine, theirs = one.definition, other.definition
    if (mine.max_train_steps, mine.schedule) != (theirs.max_train_steps, theirs.schedule):
        return None
    return compare_progress(_progress(study, one), _progress(study, other))


def compare_progress(one: Progress, other: Progress) -> Measured | None:
    """How many times the steps of `one` the `other` needs to equal values (P-5), over LEVELS.

    Values near the end that both reach: the step of each one's own best is luck, and differed by up
    to nine times between two seeds of one real sweep.
    """
    if not (one.values.size and other.values.size):
        return None
    end = max(float(one.values[-1]), float(other.values[-1]))
    start = min(float(one.values[0]), float(other.values[0]))
    limits = [end + level * (start - end) for level in LEVELS if start > end]
    steps = [(one.first_at_most(limit), other.first_at_most(limit)) for limit in limits]
    ratios = [theirs / ours for ours, theirs in steps if ours and theirs]
    return Measured(min(ratios), max(ratios)) if ratios else None


def _accepted_steps(study: StudyFacts, tuned: RoundFacts) -> int | None:
    """The horizon at which a final round trained under the conditions of that tune round."""
    found = (r for r in study.rounds if r.definition.purpose is Purpose.FINAL)
    mine = [r for r in found if _is_alike(r.definition, tuned.definition)]
    return mine[-1].definition.max_train_steps if mine else None


def _is_alike(one: RoundDefinition, other: RoundDefinition) -> bool:
    return one.fixed == other.fixed and one.tags == other.tags


def _progress(study: StudyFacts, tuned: RoundFacts) -> Progress:
    if tuned.progress is not None or not tuned.trials:
        return tuned.progress or NO_PROGRESS
    return prepare(study, tuned.number).progress
