"""What raises the variance of the gradients between two rounds (P-5): a smaller batch, augmentation
or regularisation switched on, raised or replaced."""

from dataclasses import dataclass

from app.domain.space import FixedValue, Parameter, Role, Value
from app.policy.conditions import Change, Conditions, is_within, pairs, shown, values_of
from app.policy.switches import SLOWING_ROLES, is_off

What = Parameter | FixedValue | None


@dataclass(frozen=True, slots=True)
class Raised:
    """One such change; `batch_sizes`: (before, after) if it is a smaller batch."""

    change: Change
    batch_sizes: tuple[float, float] | None = None
    is_certain: bool = True  # False: another augmentation in words, which may be a weaker one


def raised_variance(before: Conditions, after: Conditions) -> tuple[Raised, ...]:
    """Everything that raises the variance, the batch size first."""
    batch = (_smaller_batch(*pair) for pair in pairs(before, after, Role.BATCH_SIZE))
    slowing = (_stronger(*pair) for pair in pairs(before, after, *SLOWING_ROLES))
    return tuple(found for found in (*batch, *slowing) if found is not None)


def batch_factor(critical: float, before: float, after: float) -> float:
    """(1 + Bc/B2) / (1 + Bc/B1): how the steps change from batch size B1 to B2 (policy 2.7)."""
    return (1 + critical / after) / (1 + critical / before)


def critical_batch(factor: float, before: float, after: float) -> float | None:
    """Bc, in examples, out of a measured factor; None: the law gives no such factor."""
    rest = 1 / after - factor / before
    return max(0.0, factor - 1) / rest if rest > 0 else None


def _smaller_batch(name: str, old: What, new: What) -> Raised | None:
    before, after = _smallest(old), _smallest(new)
    if before is None or after is None or not 0 < after < before:
        return None
    return Raised(Change(name, shown(old), shown(new)), (before, after))


def _smallest(what: What) -> float | None:
    values = values_of(what) if what is not None else ()
    return min((float(v) for v in values if isinstance(v, int | float)), default=None)


def _stronger(name: str, old: What, new: What) -> Raised | None:
    if new is None or not _is_on(new) or (old is not None and is_within(new, old)):
        return None
    change = Change(name, shown(old), shown(new))
    if old is None or not _is_on(old):
        return Raised(change)
    ours, theirs = _strength(new), _strength(old)
    if ours is None or theirs is None:
        return Raised(change, is_certain=False)
    return Raised(change) if ours > theirs else None


def _is_on(what: Parameter | FixedValue) -> bool:
    return any(not is_off(value, what.off) for value in values_of(what))


def _strength(what: Parameter | FixedValue) -> float | None:
    """The largest distance from `off`; None where values are words."""
    off: Value = 0.0 if what.off is None else what.off
    numbers = [float(v) for v in (off, *values_of(what)) if isinstance(v, int | float)]
    is_numeric = len(numbers) == len(values_of(what)) + 1
    return max(abs(number - numbers[0]) for number in numbers) if is_numeric else None
