"""Prefix reuse: what must agree before a trial may begin with another one's checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.space import Value
from paceline.schedules import Schedule


@dataclass(frozen=True, slots=True)
class Run:
    """What decides the first steps of a trial; `values`: its fixed values and active parameters."""

    values: Mapping[str, Value]
    tags: Mapping[str, str]
    seed: int
    schedule: Schedule
    max_train_steps: int


def differences(origin: Run, heir: Run, step: int) -> tuple[str, ...]:
    """What keeps `heir` from continuing `origin` at `step`, in words; nothing: it may."""
    same_until = origin.schedule.same_until(
        heir.schedule, origin.max_train_steps, heir.max_train_steps
    )
    found = [*_unequal("", origin.values, heir.values), *_unequal("tag ", origin.tags, heir.tags)]
    if origin.seed != heir.seed:
        found.append(f"seed is {heir.seed}, the origin's is {origin.seed}")
    if same_until < step:
        found.append(f"the schedules agree up to step {same_until} only")
    return tuple(found)


def _unequal(kind: str, origin: Mapping[str, Value], heir: Mapping[str, Value]) -> list[str]:
    return [
        f"{kind}{name} is {heir.get(name, 'absent')}, the origin's is {origin.get(name, 'absent')}"
        for name in dict.fromkeys((*origin, *heir))
        if (name in origin) != (name in heir) or origin.get(name) != heir.get(name)
    ]
