"""The walk: down by 4 or up by 2 from a horizon, as far as its check rounds have come."""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.rounds import RoundDefinition
from app.planning.case import Case
from app.planning.levels import (
    Bracket,
    Level,
    check_levels,
    has_paid,
    is_no_worse,
    known_bracket,
    own_level,
)

DOWN_FACTOR = 4
UP_FACTOR = 2
MOST_DOUBLINGS = 4  # then a person is asked: still improving, is it compute-bound?
LEAST_STEPS = 32
LEAST_EVALUATIONS = 20  # fewer cannot locate a best step
MOST_TIMES_ASKED = 2  # a check that answered nothing is asked once more


class Way(StrEnum):
    """Where a check looks."""

    DOWN = "down"
    UP = "up"


@dataclass(frozen=True, slots=True)
class Walk:
    """How far it came: what held (the subject first), what did not, what to ask next."""

    way: Way
    held: tuple[Level, ...]
    failed: Level | None = None
    ask_steps: int | None = None
    is_stuck: bool = False  # asked twice without an answer: a person decides
    is_exhausted: bool = False  # four doublings all paid

    @property
    def settled(self) -> Level:
        """The last horizon that was no worse (down) or that paid (up)."""
        return self.held[-1]


def walk_down(case: Case) -> Walk:
    """From T to T/4, T/16 ... while each reaches what T reached."""
    own, levels, bracket = own_level(case), check_levels(case), known_bracket(case)
    held = [own]
    while True:
        steps = held[-1].horizon_steps // DOWN_FACTOR
        level = levels.get(steps)
        if level is None or not level.is_answered:
            return _asking(Way.DOWN, held, steps, level, can_go_down(case, bracket, steps))
        if not is_no_worse(level, own.best_value):
            return Walk(Way.DOWN, tuple(held), failed=level)
        held.append(level)


def walk_up(case: Case) -> Walk:
    """From T to 2T, 4T ... while each doubling pays, four at most."""
    levels, bracket = check_levels(case), known_bracket(case)
    held = [own_level(case)]
    while len(held) <= MOST_DOUBLINGS:
        steps = held[-1].horizon_steps * UP_FACTOR
        level = levels.get(steps)
        if level is None or not level.is_answered:
            return _asking(Way.UP, held, steps, level, not bracket.forbids_up(steps))
        if not has_paid(level, held[-1], case.facts.noise.eps):
            return Walk(Way.UP, tuple(held), failed=level)
        held.append(level)
    return Walk(Way.UP, tuple(held), is_exhausted=True)


def _asking(way: Way, held: list[Level], steps: int, level: Level | None, may_ask: bool) -> Walk:
    if not may_ask:
        return Walk(way, tuple(held))
    is_stuck = level is not None and level.times_asked >= MOST_TIMES_ASKED
    return Walk(way, tuple(held), ask_steps=steps, is_stuck=is_stuck)


def can_go_down(case: Case, bracket: Bracket, horizon_steps: int) -> bool:
    """Whether the floors (32 steps, 20 evaluations) and the bracket allow a check there."""
    if horizon_steps < LEAST_STEPS or bracket.forbids_down(horizon_steps):
        return False
    interval = moved_interval(case.subject.definition, horizon_steps)
    return horizon_steps // interval >= LEAST_EVALUATIONS


def moved_interval(definition: RoundDefinition, horizon_steps: int) -> int:
    """Steps between evaluations at another horizon: the round's own, and at least 20 of them."""
    return max(1, min(definition.interval_steps, horizon_steps // LEAST_EVALUATIONS))
