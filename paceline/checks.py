"""What `paceline doctor` finds: one value for each thing that it looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Ok; warn: it works, worse than it could; fail: something will not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, how it is, what was seen, and (unless it is ok) what to do next."""

    name: str
    state: State
    seen: str
    hint: str = ""

    @property
    def has_failed(self) -> bool:
        return self.state is State.FAIL


def ok(name: str, seen: str) -> Check:
    return Check(name, State.OK, seen)


def warn(name: str, seen: str, hint: str) -> Check:
    return Check(name, State.WARN, seen, hint)


def fail(name: str, seen: str, hint: str) -> Check:
    return Check(name, State.FAIL, seen, hint)


def worst(checks: Sequence[Check]) -> State:
    """The state of all of them together."""
    states = {check.state for check in checks}
    return next((state for state in (State.FAIL, State.WARN) if state in states), State.OK)
