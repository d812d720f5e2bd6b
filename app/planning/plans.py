"""The ladder planner (P-18 to P-24, P-30, P-31): a few ways to spend a budget before, and on, the
run one hopes to launch, each with its cost and its trade (policy 2.8)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.domain.plans import SECONDS_PER_HOUR, PlanRequest
from app.planning.extension import clip_to_horizon, extend_schedule
from paceline.schedules import Schedule

FIRST_SHARE = 0.1  # T1 of the production length (P-21)
LAST_SHARE = 0.5  # phi: of the budget, for the runs at production length
LEAST_LAST = 2  # a winner and a runner-up (P-22)
LEAST_FIRST = 10  # trials of round 1; with fewer, T1 is halved once
RELEVANT_SHARE = 0.2  # T1 of the alternative that asks fewer points under truer conditions
WARMUP_ADVISE_SHARE = 0.05  # HZN105: from here on the warmup is added to the horizon
LEAST_GROWTH = 3.0  # r = eta: horizons grow and trials shrink by it, at equal cost a round
TOP_SHARE = 0.05  # of the space: what "hits the top" means in the trade


@dataclass(frozen=True, slots=True)
class PlannedRound:
    """One horizon: trials of `max_train_steps` steps; `steps` is what they cost after reuse."""

    max_train_steps: int
    trials: int
    steps: int
    gpu_hours: float | None  # None: no speed was given
    wall_hours: float | None


@dataclass(frozen=True, slots=True)
class PlannedTotal:
    """All rounds together."""

    trials: int
    steps: int
    gpu_hours: float | None
    wall_hours: float | None


@dataclass(frozen=True, slots=True)
class PlanAlternative:
    """One way to spend the budget, and what speaks for and against it."""

    name: str
    rounds: tuple[PlannedRound, ...]
    total: PlannedTotal
    saved_by_reuse_steps: int
    trade: str


@dataclass(frozen=True, slots=True)
class _Ladder:
    """Horizons, shortest first, and trials at each."""

    name: str
    horizons: tuple[int, ...]
    trials: tuple[int, ...]
    trade: str


def make_plans(request: PlanRequest, schedule: Schedule | None) -> tuple[PlanAlternative, ...]:
    """Two to four alternatives, the usual one first; one or none where the budget is too small.

    `schedule` is the request's in numbers (None: unknown, so nothing is reused). Steps are
    updates of one trial; hours need `budget.seconds_per_step`.
    """
    ladders = [_two_rounds(request), *_longer_ladders(request), _relevant(request), _flat(request)]
    kept = [x for x in ladders if x is not None and len(x.horizons) <= request.rounds_max]
    kept = [x for x in kept if min(x.trials) >= 1]
    distinct = {(x.horizons, x.trials): x for x in reversed(kept)}
    return tuple(_priced(request, x, schedule) for x in kept if x in distinct.values())


def first_horizon(request: PlanRequest, share: float) -> int:
    """T1: that share of the production length; a warmup over 5% of it is added (P-27a)."""
    first = max(1, round(share * request.production_steps))
    if request.warmup_steps > WARMUP_ADVISE_SHARE * first:
        first += request.warmup_steps
    return min(first, request.production_steps)


def last_trials(request: PlanRequest, first: int) -> int:
    """n2 = max(2, phi G / Tp) where that leaves 10 trials of T1 for round 1, else 1; 0: not even
    one production run fits."""
    budget, production = request.budget.total_steps, request.production_steps
    by_share = int(LAST_SHARE * budget // production)
    if by_share >= LEAST_LAST:
        return by_share
    if budget >= LEAST_LAST * production + LEAST_FIRST * first:
        return LEAST_LAST
    return 1 if budget >= production else 0


def _two_rounds(request: PlanRequest) -> _Ladder | None:
    first = first_horizon(request, FIRST_SHARE)
    if first >= request.production_steps:
        return None
    last = last_trials(request, first)
    left = request.budget.total_steps - last * request.production_steps
    halved = ""
    if left // first < LEAST_FIRST and first > 1:
        shorter = max(1, first // 2, min(first, 2 * request.warmup_steps))
        if shorter < first:
            halved = f" Round 1 was halved from {first} steps, to afford more trials."
            first = shorter
    count = left // first
    if count < LEAST_FIRST:
        halved += f" It still has only {count} trials: thin evidence."
    trade = (
        f"Thorough at {first} steps, a {request.production_steps / first:.3g}th of production: "
        f"{_hits(count)}, but ranks may change on the way up.{halved}"
    )
    return _Ladder("two rounds", (first, request.production_steps), (count, last), trade)


def _relevant(request: PlanRequest) -> _Ladder | None:
    """Fewer points, at a horizon that resembles production more."""
    first = first_horizon(request, RELEVANT_SHARE)
    last = last_trials(request, first)
    if first >= request.production_steps or last < 1:
        return None
    count = (request.budget.total_steps - last * request.production_steps) // first
    trade = (
        f"More relevant, less thorough: {first} steps resemble production more, and leave "
        f"{count} trials; {_hits(count)}."
    )
    return _Ladder("longer first round", (first, request.production_steps), (count, last), trade)


def _longer_ladders(request: PlanRequest) -> list[_Ladder]:
    return [
        ladder
        for rounds in range(3, request.rounds_max + 1)
        if (ladder := _many_rounds(request, rounds)) is not None
    ]


def _many_rounds(request: PlanRequest, rounds: int) -> _Ladder | None:
    """Horizons grow by r and trials shrink by it, so that every round costs the same."""
    production = request.production_steps
    growth = max(LEAST_GROWTH, (1 / FIRST_SHARE) ** (1 / (rounds - 1)))
    horizons = [max(1, round(production / growth**i)) for i in range(rounds - 1, 0, -1)]
    horizons = [max(horizons[0], first_horizon(request, horizons[0] / production)), *horizons[1:]]
    ladder = (*horizons, production)
    if any(longer <= shorter for shorter, longer in pairwise(ladder)):
        return None
    share = request.budget.total_steps / rounds
    counts = tuple(int(share // steps) for steps in ladder)
    trade = (
        f"Ranks are re-checked at every {growth:.3g}-fold step, so that conclusions of short runs "
        f"can be corrected; {counts[0]} points enter, {rounds} rounds take longer to wait for."
    )
    return _Ladder(f"{rounds} rounds", ladder, counts, trade)


def _flat(request: PlanRequest) -> _Ladder | None:
    count = request.budget.total_steps // request.production_steps
    trade = (
        "No conclusion has to transfer: every trial is a production run. The dearest way to "
        f"look: {_hits(count)}."
    )
    return _Ladder("production length only", (request.production_steps,), (count,), trade)


def _hits(trials: int) -> str:
    """How likely n random points are to hit the top: 1 - (1 - p)^n."""
    inside = 1 - (1 - TOP_SHARE) ** max(trials, 0)
    return f"{trials} random points hit the best {TOP_SHARE:.0%} of the space in {inside:.0%}"


def _priced(request: PlanRequest, ladder: _Ladder, schedule: Schedule | None) -> PlanAlternative:
    reused = (0, *(reusable_steps(schedule, a, b) for a, b in pairwise(ladder.horizons)))
    saved = [n * r for n, r in zip(ladder.trials, reused, strict=True)]
    rounds = tuple(
        _round(request, steps, n, reuse)
        for steps, n, reuse in zip(ladder.horizons, ladder.trials, reused, strict=True)
    )
    trade = ladder.trade
    if sum(saved):
        trade += f" Resumed checkpoints save {sum(saved)} steps; that needs a resumable job."
    return PlanAlternative(ladder.name, rounds, _total(rounds), sum(saved), trade)


def reusable_steps(schedule: Schedule | None, shorter: int, longer: int) -> int:
    """The step up to which a run of `shorter` steps serves one of `longer`; 0: unknown."""
    if schedule is None:
        return 0
    found = extend_schedule(clip_to_horizon(schedule, shorter), shorter, longer)
    return found.resume_from_step


def _round(request: PlanRequest, steps: int, trials: int, reuse: int) -> PlannedRound:
    paid = trials * (steps - reuse)
    speed = request.budget.seconds_per_step
    if speed is None:
        return PlannedRound(steps, trials, paid, None, None)
    gpu_hours = paid * speed * request.budget.gpus_per_trial / SECONDS_PER_HOUR
    waves = math.ceil(trials / request.slots)
    wall_hours = waves * (steps - reuse) * speed / SECONDS_PER_HOUR
    return PlannedRound(steps, trials, paid, gpu_hours, wall_hours)


def _total(rounds: Sequence[PlannedRound]) -> PlannedTotal:
    return PlannedTotal(
        trials=sum(one.trials for one in rounds),
        steps=sum(one.steps for one in rounds),
        gpu_hours=_sum([one.gpu_hours for one in rounds]),
        wall_hours=_sum([one.wall_hours for one in rounds]),
    )


def _sum(hours: Sequence[float | None]) -> float | None:
    known = [each for each in hours if each is not None]
    return sum(known) if len(known) == len(hours) else None
