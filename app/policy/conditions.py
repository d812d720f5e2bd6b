"""What a round trained under, and what of it changed since another: fixed values, ranges, tags."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.domain.rounds import RoundDefinition
from app.domain.space import Fixed, FixedValue, Parameter, Parameters, Role, Value

Shown = Value | list[Value] | None  # a fixed value; a range or choices; None: it was not there


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the number of steps depends on, besides the rate and the schedule (P-5, P-12)."""

    parameters: Parameters
    fixed: Fixed
    tags: dict[str, str]

    def named(self, *roles: Role) -> dict[str, Parameter | FixedValue]:
        """What is fixed or searched under one of these roles."""
        everything: Iterable[tuple[str, Parameter | FixedValue]] = (
            *self.fixed.items(),
            *self.parameters.items(),
        )
        return {name: one for name, one in everything if one.role in roles}


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs: a value, a range [low, high] or the choices; None: absent."""

    name: str
    before: Shown
    after: Shown

    @property
    def told(self) -> str:
        """As a sentence says it."""
        return f"{self.name} {_told(self.before)} -> {_told(self.after)}"

    @property
    def evidence(self) -> dict[str, Shown]:
        return {"name": self.name, "before": self.before, "after": self.after}


def conditions_of(definition: RoundDefinition) -> Conditions:
    """The conditions that a round defines."""
    return Conditions(definition.parameters, definition.fixed, definition.tags)


def shown(what: Parameter | FixedValue | None) -> Shown:
    """The values that can run: one, a range, or choices."""
    if what is None:
        return None
    return what.value if isinstance(what, FixedValue) else list(values_of(what))


def values_of(what: Parameter | FixedValue) -> tuple[Value, ...]:
    """The values that can run; of a range its ends."""
    if isinstance(what, FixedValue):
        return (what.value,)
    return what.bounds if what.is_numeric else what.choices or ()


def pairs(
    before: Conditions, after: Conditions, *roles: Role
) -> Iterator[tuple[str, Parameter | FixedValue | None, Parameter | FixedValue | None]]:
    """Everything under these roles on either side, by name."""
    old, new = before.named(*roles), after.named(*roles)
    for name in dict.fromkeys((*old, *new)):
        yield name, old.get(name), new.get(name)


def tag_changes(before: Conditions, after: Conditions) -> tuple[Change, ...]:
    """Tags that differ: data, pipeline, whatever the user names."""
    names = dict.fromkeys((*before.tags, *after.tags))
    found = ((n, before.tags.get(n), after.tags.get(n)) for n in names)
    return tuple(Change(f"tag {n}", old, new) for n, old, new in found if old != new)


def architecture_changes(before: Conditions, after: Conditions) -> tuple[Change, ...]:
    """Architectures that can run now and could not before; fewer choices are no change."""
    return tuple(
        Change(name, shown(old), shown(new))
        for name, old, new in pairs(before, after, Role.ARCHITECTURE)
        if new is not None and not is_within(new, old)
    )


def is_within(new: Parameter | FixedValue, old: Parameter | FixedValue | None) -> bool:
    """Whether every value that can run now could run before."""
    if old is None:
        return False
    if isinstance(old, Parameter):
        return all(old.contains(value) for value in values_of(new))
    return set(values_of(new)) == {old.value}


def _told(what: Shown) -> str:
    if isinstance(what, list):
        return "[" + ", ".join(str(value) for value in what) + "]"
    return "unset" if what is None else str(what)
