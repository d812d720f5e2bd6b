"""Learning-rate schedules as exact functions of the step: the only implementation there is.

The service, the planner and training loops all compute rates here, so that what was judged is what
is trained. Standard library only: this file is copied into other people's environments.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any

MAX_STEPS = 2**53  # beyond it a step is no longer exact in JSON
SAME_RATE = 1e-9  # two rates closer than this share of the peak are the same rate
PROBES = 32  # where two smooth pieces of schedules are compared before bisecting


class ScheduleError(ValueError):
    """A schedule that cannot be computed; the message names the number and the fix."""


# Every decay is warmup, hold, then one shape g(p, power) over the last D steps, with p from 0 to 1.
DECAY_SHAPES: dict[str, Callable[[float, float], float]] = {
    "linear": lambda p, _: 1 - p,
    "wsd": lambda p, _: 1 - p,
    "cosine": lambda p, _: (1 + math.cos(math.pi * p)) / 2,
    "sqrt": lambda p, _: math.sqrt(1 - p),
    "one_minus_sqrt": lambda p, _: 1 - math.sqrt(p),
    "polynomial": lambda p, power: math.pow(1 - p, power),
}
KINDS = ("constant", *DECAY_SHAPES, "exponential", "inverse_sqrt", "step")
NUMBER_RANGES = {
    "peak": (0.0, math.inf),
    "final_fraction": (0.0, 1.0),
    "power": (0.0, math.inf),
    "factor": (0.0, 1.0),
    "decay_fraction": (0.0, 1.0),
}
DECAY_FIELDS = ("decay_steps", "decay_fraction", "final_fraction")
FIELDS_OF_KIND = {
    **dict.fromkeys(DECAY_SHAPES, DECAY_FIELDS),
    "polynomial": (*DECAY_FIELDS, "power"),
    "exponential": ("final_fraction",),
    "step": ("milestones", "factor"),
}


@dataclass(frozen=True)
class Schedule:
    """The learning rate as a function of the step, in numbers only (no parameter names).

    Update s (1 ... T, T = `max_train_steps`) uses the rate eta(t) with t = s - 1 and W =
    `warmup_steps`: eta = peak (t+1)/W for t < W, afterwards peak times the multiplier of `kind`:

    - constant 1; inverse_sqrt sqrt(max(W,1) / max(t,W,1)); step `factor` ** (milestones <= t);
      exponential f ** ((t-W)/(T-W)) with f = `final_fraction` > 0;
    - the decays f + (1-f) g(p) with p = clip((t-(T-D))/D, 0, 1): linear and wsd g = 1-p,
      cosine (1+cos(pi p))/2, sqrt sqrt(1-p), one_minus_sqrt 1-sqrt(p), polynomial (1-p)**`power`.

    D is `decay_steps`, or `decay_fraction` of T rounded to a step, or T - W. Steps are whole
    numbers, `peak` is an absolute rate, fractions lie in 0..1. Numbers that a kind does not use are
    ignored. Raises ScheduleError for an unknown kind (custom included) or a number out of range;
    what depends on the horizon is checked by `validate`. Source: the contract, section 2.
    """

    kind: str
    peak: float
    warmup_steps: int = 0
    decay_steps: int | None = None  # None: by decay_fraction, else all that the warmup leaves
    decay_fraction: float | None = None  # None: by decay_steps
    final_fraction: float = 0.0
    power: float = 2.0
    milestones: tuple[int, ...] = ()
    factor: float = 0.1

    def __post_init__(self) -> None:
        check_kind(self.kind)
        for name, (low, high) in NUMBER_RANGES.items():
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name), low, high)
        check_whole("warmup_steps", self.warmup_steps)
        if self.decay_steps is not None:
            check_whole("decay_steps", self.decay_steps)
        for milestone in self.milestones:
            check_whole("milestones", milestone)
        check_combination(self)

    @classmethod
    def from_dict(cls, wire: Mapping[str, Any]) -> Schedule:  # Any: parsed JSON, checked here
        """Build a schedule from its wire form (a mapping of the field names above to numbers).

        null stands for a field's default. Raises ScheduleError for an unknown field, a missing
        kind or peak, and whatever the constructor refuses.
        """
        known = {field.name: field for field in fields(cls)}
        unknown = sorted(set(wire) - set(known))
        if unknown:
            raise ScheduleError(f"unknown schedule field {unknown[0]!r}; use {', '.join(known)}")
        given = {name: as_plain(name, value) for name, value in wire.items() if value is not None}
        check_kind(given.get("kind"))
        for name, field in known.items():
            if field.default is MISSING and name not in given:
                raise ScheduleError(f"{name} is missing; a schedule needs kind and peak")
        return cls(**given)

    def to_dict(self) -> dict[str, object]:
        """The wire form: kind, peak, warmup_steps and those numbers that the kind uses; no null.

        `Schedule.from_dict` of it gives the same rates at every step.
        """
        names = ("kind", "peak", "warmup_steps", *FIELDS_OF_KIND.get(self.kind, ()))
        wire = {name: getattr(self, name) for name in names}
        if "milestones" in wire:
            wire["milestones"] = list(self.milestones)
        return {name: value for name, value in wire.items() if value is not None}

    def validate(self, max_train_steps: int) -> None:
        """Raise ScheduleError unless the schedule can run for `max_train_steps` (>= 1) steps.

        Refused: warmup > T, and a decay longer than the T - W steps that the warmup leaves.
        """
        check_whole("max_train_steps", max_train_steps, low=1)
        left = max_train_steps - self.warmup_steps
        if left < 0:
            raise ScheduleError(
                f"warmup_steps {self.warmup_steps} is longer than max_train_steps "
                f"{max_train_steps}; lower the warmup or raise max_train_steps"
            )
        decay = own_decay(self, max_train_steps)
        if decay > left:
            raise ScheduleError(
                f"a decay of {decay} steps does not fit: max_train_steps {max_train_steps} less "
                f"warmup_steps {self.warmup_steps} leaves {left}; lower the decay to at most {left}"
            )

    def resolve(self, max_train_steps: int) -> Schedule:
        """The same schedule at horizon T with its decay (if any) as a number of steps, validated.

        Raises ScheduleError as `validate` does.
        """
        self.validate(max_train_steps)
        has_decay = self.kind in DECAY_SHAPES
        decay_steps = own_decay(self, max_train_steps) if has_decay else None
        return replace(self, decay_steps=decay_steps, decay_fraction=None)

    def learning_rate(self, step: int, max_train_steps: int) -> float:
        """The rate of update `step` (1 ... T), in absolute units.

        A step outside 1 ... T has the rate of the nearer end. Never raises for a valid schedule.
        """
        done = min(max(step, 1), max_train_steps) - 1
        if done < self.warmup_steps:
            return self.peak * ((done + 1) / self.warmup_steps)
        return self.peak * multiplier(self, done, max_train_steps)

    def decay_start(self, max_train_steps: int) -> int:
        """How many steps are done when the decay begins (T - D); T if there is no decay.

        A checkpoint at this step lies before all of the decay: update decay_start + 1 is the first
        of the decay window and still has the full rate.
        """
        if self.kind in DECAY_SHAPES:
            return max_train_steps - own_decay(self, max_train_steps)
        if self.kind in ("exponential", "inverse_sqrt"):
            return min(self.warmup_steps, max_train_steps)
        return min((*self.milestones, max_train_steps)) if self.kind == "step" else max_train_steps

    def decay_length(self, max_train_steps: int) -> int:
        """How many steps the decay lasts: T - `decay_start`; 0 if there is none."""
        return max_train_steps - self.decay_start(max_train_steps)

    def pieces(self, max_train_steps: int) -> list[int]:
        """The first update (1 ... T, ascending) of each smooth piece: warmup, hold, decay, stairs.

        Between two of them the rate is one smooth, monotone formula.
        """
        milestones = self.milestones if self.kind == "step" else ()
        done = {0, self.warmup_steps, self.decay_start(max_train_steps), *milestones}
        return sorted(start + 1 for start in done if start < max_train_steps)

    def same_until(self, other: Schedule, own_horizon: int, other_horizon: int) -> int:
        """The last step r such that all updates 1 ... r have the same rate in both schedules.

        Each schedule runs at its own horizon (steps); rates closer than 1e-9 of the larger peak
        are the same. 0: they differ from the first update on. A checkpoint of one at r, or before,
        continues as the other. Takes time in the number of pieces, not of steps.
        """
        tolerance = SAME_RATE * max(self.peak, other.peak)

        def differs(step: int) -> bool:
            mine = self.learning_rate(step, own_horizon)
            return abs(mine - other.learning_rate(step, other_horizon)) > tolerance

        last = min(own_horizon, other_horizon)
        starts = {*self.pieces(own_horizon), *other.pieces(other_horizon)}
        edges = sorted(step for step in {*starts, last} if step <= last)
        return first_difference(differs, edges) - 1


def multiplier(schedule: Schedule, done: int, max_train_steps: int) -> float:
    """The share of the peak after `done` >= warmup_steps updates (formulae: Schedule)."""
    if schedule.kind in DECAY_SHAPES:
        decay = own_decay(schedule, max_train_steps)
        into = done - (max_train_steps - decay)
        if into <= 0:
            return 1.0
        final = schedule.final_fraction
        return final + (1 - final) * DECAY_SHAPES[schedule.kind](into / decay, schedule.power)
    if schedule.kind == "exponential":
        span = max_train_steps - schedule.warmup_steps
        return math.pow(schedule.final_fraction, (done - schedule.warmup_steps) / span)
    if schedule.kind == "inverse_sqrt":
        return math.sqrt(max(schedule.warmup_steps, 1) / max(done, 1))
    if schedule.kind == "step":
        return math.pow(schedule.factor, bisect_right(schedule.milestones, done))
    return 1.0


def own_decay(schedule: Schedule, max_train_steps: int) -> int:
    """D in steps: decay_steps, else decay_fraction of T, else all that the warmup leaves."""
    if schedule.decay_steps is not None:
        return schedule.decay_steps
    if schedule.decay_fraction is not None:
        return round(schedule.decay_fraction * max_train_steps)
    return max(max_train_steps - schedule.warmup_steps, 0)


def first_difference(differs: Callable[[int], bool], edges: list[int]) -> int:
    """The first step that differs, where `edges` bound smooth pieces; last edge + 1 if none does.

    In a smooth piece two rates either agree everywhere or part for good near its start, so probing
    it and bisecting between two probes finds the step.
    """
    agreed = 0
    for index, high in enumerate(edges):
        low = edges[max(index - 1, 0)]
        spread = {low + (high - low) * i // PROBES for i in range(PROBES + 1)}
        for probe in sorted({low, min(low + 1, high), *spread}):
            if differs(probe):
                between = range(agreed + 1, probe)
                return agreed + 1 + bisect_left(Lookup(differs, between), True)
            agreed = probe
    return agreed + 1


@dataclass(frozen=True)
class Lookup:
    """The answers of a question over a range of steps, as the sequence that bisect searches."""

    question: Callable[[int], bool]
    steps: range

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, index: int) -> bool:
        return self.question(self.steps[index])


def check_kind(kind: object) -> None:
    if kind == "custom":
        raise ScheduleError(
            "a custom schedule has no formula to compute or extend; name the kind that comes "
            f"closest ({', '.join(KINDS)}) with its peak, warmup_steps and decay_steps"
        )
    if kind not in KINDS:
        raise ScheduleError(f"unknown schedule kind {kind!r}; use one of {', '.join(KINDS)}")


def check_number(name: str, value: object, low: float, high: float) -> None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not low <= value <= high:  # type: ignore[arg-type, operator]  # is_number narrows it
        bounds = f"from {low:g} to {high:g}" if math.isfinite(high) else f"of at least {low:g}"
        raise ScheduleError(f"{name} must be a finite number {bounds}, got {value!r}")


def check_whole(name: str, value: object, low: int = 0) -> None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not low <= value <= MAX_STEPS:  # type: ignore[operator]  # is_whole narrows it
        raise ScheduleError(f"{name} must be a whole number of steps from {low}, got {value!r}")


def check_combination(schedule: Schedule) -> None:
    if schedule.decay_steps is not None and schedule.decay_fraction is not None:
        raise ScheduleError(
            f"decay_steps {schedule.decay_steps} and decay_fraction {schedule.decay_fraction} say "
            "the same thing twice; keep one"
        )
    if schedule.kind == "exponential" and schedule.final_fraction <= 0:
        raise ScheduleError("an exponential schedule needs final_fraction above 0, for example .01")
    if list(schedule.milestones) != sorted(schedule.milestones):
        raise ScheduleError(f"milestones must ascend, got {list(schedule.milestones)}")


def as_plain(name: str, value: Any) -> Any:  # Any: parsed JSON on its way to the checks
    """JSON knows one kind of number, so steps may arrive as 100.0; milestones arrive as a list."""
    if name == "milestones":
        if not isinstance(value, (list, tuple)):
            raise ScheduleError(f"milestones must be a list of steps, got {value!r}")
        return tuple(as_plain("milestone_steps", milestone) for milestone in value)
    is_step = name.endswith("_steps") and isinstance(value, float) and value.is_integer()
    return int(value) if is_step else value
