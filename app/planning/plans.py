"""The ladder planner (P-18 to P-24, P-30, P-31): a few ways to spend a budget before, and on, the
run one hopes to launch, each with its cost and its trade (policy 2.8)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.domain.plans import (
    SECONDS_PER_HOUR,
    PlanAlternative,
    PlannedRound,
    PlannedTotal,
    PlanRequest,
)
from app.domain.studies import Limits
from app.planning.extension import clip_to_horizon, extend_schedule
from app.planning.ladders import first_steps, ladder
from app.policy.dimensions import wanted_configurations
from app.policy.winners_wanted import probability_inside
from paceline.schedules import Schedule

LAST_SHARE = 0.5  # phi: of the budget, for the runs at production length
LEAST_LAST = 2  # a winner and a runner-up (P-22)
LEAST_FIRST = 10  # trials of round 1, more for many dimensions; with fewer, T1 is halved once
RELEVANT_SHARE = 0.2  # T1 of the alternative that asks fewer points under truer conditions
GROWTH = 3.5  # r = eta: horizons grow and trials shrink by it, at equal cost a round (3 to 4)
FEW_ROUNDS = 3
MOST_PROMOTED = 5  # for which it was measured how often they hold the eventual best
SURE = 0.995
TOP_SHARE = 0.05  # of the space: what "hits the top" means in the trade


@dataclass(frozen=True, slots=True)
class _Ladder:
    """Horizons, shortest first, and trials at each."""

    name: str
    horizons: tuple[int, ...]
    trials: tuple[int, ...]
    trade: str


def make_plans(request: PlanRequest, schedule: Schedule | None) -> tuple[PlanAlternative, ...]:
    """Up to five alternatives, the usual one first; one or none where the budget is too small.

    `schedule` is the request's in numbers (None: unknown, so nothing is reused). Steps are
    updates of one trial; hours need `budget.seconds_per_step`. A study that starts at a plan's
    first horizon with `limits.rounds` of its rounds climbs the very horizons of the plan.
    """
    found = [_two_rounds(request), *_longer_ladders(request), _relevant(request), _flat(request)]
    kept = [x for x in found if x is not None and len(x.horizons) <= request.rounds_max]
    kept = [x for x in kept if min(x.trials) >= 1]
    distinct = {(x.horizons, x.trials): x for x in reversed(kept)}
    return tuple(_priced(request, x, schedule) for x in kept if x in distinct.values())


def study_limits(request: PlanRequest, alternative: PlanAlternative) -> Limits:
    """The limits of a study that carries the alternative out."""
    budget = request.budget
    return Limits(len(alternative.rounds), budget.steps, budget.gpu_hours, request.patience_hours)


def least_first(request: PlanRequest) -> int:
    """How many trials round 1 wants: 10, or what the searched dimensions ask for (SPC206)."""
    return max(LEAST_FIRST, wanted_configurations(request.dimensions or 1))


def last_trials(request: PlanRequest, first: int) -> int:
    """n2 = max(2, phi G / Tp) where that leaves round 1 enough trials of T1, else 1; 0: not even
    one production run fits."""
    budget, production = request.budget.total_steps, request.production_steps
    by_share = int(LAST_SHARE * budget // production)
    if by_share >= LEAST_LAST:
        return by_share
    if budget >= LEAST_LAST * production + least_first(request) * first:
        return LEAST_LAST
    return 1 if budget >= production else 0


def _two_rounds(request: PlanRequest) -> _Ladder | None:
    production = request.production_steps
    first = first_steps(production, request.warmup_steps)
    if first >= production:
        return None
    last, wanted, halved = last_trials(request, first), least_first(request), ""
    left = request.budget.total_steps - last * production
    if left // first < wanted and first > 1:
        shorter = max(1, first // 2, min(first, 2 * request.warmup_steps))
        if shorter < first:
            halved = f" Round 1 was halved from {first} steps, to afford more trials."
            first = shorter
    count = left // first
    if count < wanted:
        halved += f" It still has only {count} of the {wanted} trials it wants: thin evidence."
    trade = (
        f"Thorough at {first} steps, {first / production:.2g} of production: {_hits(count)}. Ranks "
        f"may change on the way up: {_holds(first / production, last)}.{halved}"
    )
    return _Ladder("two rounds", (first, production), (count, last), trade)


def _relevant(request: PlanRequest) -> _Ladder | None:
    """Fewer points, at a horizon that resembles production more."""
    first = first_steps(request.production_steps, request.warmup_steps, RELEVANT_SHARE)
    last = last_trials(request, first)
    if first >= request.production_steps or last < 1:
        return None
    count = (request.budget.total_steps - last * request.production_steps) // first
    trade = (
        f"More relevant, less thorough: {count} trials of {first} steps; {_hits(count)}, and "
        f"{_holds(first / request.production_steps, last)}."
    )
    return _Ladder("longer first round", (first, request.production_steps), (count, last), trade)


def _longer_ladders(request: PlanRequest) -> list[_Ladder]:
    """Three rounds, and as many as were asked for and can be paid."""
    more = range(request.rounds_max, FEW_ROUNDS, -1)
    found = (_many_rounds(request, rounds) for rounds in more)
    longest = next((x for x in found if x is not None and min(x.trials) >= 1), None)
    few = _many_rounds(request, FEW_ROUNDS)
    return [x for x in (few, longest) if x is not None]


def _many_rounds(request: PlanRequest, rounds: int) -> _Ladder | None:
    """Horizons grow by r and trials shrink by it, so that every round costs the same."""
    production, share = request.production_steps, GROWTH ** (1 - rounds)
    horizons = ladder(first_steps(production, request.warmup_steps, share), production, rounds)
    if len(horizons) != rounds or any(b <= a for a, b in pairwise(horizons)):
        return None
    each = request.budget.total_steps / rounds
    counts = tuple(int(each // steps) for steps in horizons)
    growth = horizons[-1] / horizons[-2]
    trade = (
        f"Ranks are re-checked at every {growth:.2g}-fold step, so that conclusions of short runs "
        f"can be corrected; {counts[0]} points enter, {rounds} rounds take longer to wait for."
    )
    return _Ladder(f"{rounds} rounds", horizons, counts, trade)


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
    told = f"{inside:.0%}" if inside < SURE else "nearly all studies"
    return f"{trials} random points hit the best {TOP_SHARE:.0%} of the space in {told}"


def _holds(share: float, last: int) -> str:
    """How relevant a short round is: measured on real curves (policy 2.5)."""
    promoted = max(1, min(last, MOST_PROMOTED))
    inside = probability_inside(promoted, share)
    return f"the best {promoted} of it hold the eventual best in about {inside:.0%}"


def _priced(request: PlanRequest, found: _Ladder, schedule: Schedule | None) -> PlanAlternative:
    reused = (0, *(reusable_steps(schedule, a, b) for a, b in pairwise(found.horizons)))
    rounds = tuple(
        _round(request, steps, n, reuse)
        for steps, n, reuse in zip(found.horizons, found.trials, reused, strict=True)
    )
    saved = sum(n * reuse for n, reuse in zip(found.trials, reused, strict=True))
    hours = max(rounds, key=lambda one: one.trial_steps).trial_hours
    is_patient = is_within_patience(request, hours)
    trade = found.trade
    if saved:
        trade += f" Resumed checkpoints save {saved} steps; that needs a resumable job."
    if is_patient is False:
        trade += f" Its longest trial takes {hours:.3g} hours: more than patience allows."
    return PlanAlternative(found.name, rounds, _total(rounds), saved, trade, is_patient)


def is_within_patience(request: PlanRequest, hours: float | None) -> bool | None:
    """Whether somebody waits that long for one trial; None: speed or patience is unknown."""
    if hours is None or request.patience_hours is None:
        return None
    return hours <= request.patience_hours


def reusable_steps(schedule: Schedule | None, shorter: int, longer: int) -> int:
    """The step up to which a run of `shorter` steps serves one of `longer`; 0: unknown."""
    if schedule is None:
        return 0
    found = extend_schedule(clip_to_horizon(schedule, shorter), shorter, longer)
    return found.resume_from_step


def _round(request: PlanRequest, steps: int, trials: int, reuse: int) -> PlannedRound:
    one = steps - reuse
    paid, speed = trials * one, request.budget.seconds_per_step
    if speed is None:
        return PlannedRound(steps, trials, paid, one, None, None, None)
    trial_hours = one * speed / SECONDS_PER_HOUR
    gpu_hours = trials * trial_hours * request.budget.gpus_per_trial
    wall_hours = math.ceil(trials / request.slots) * trial_hours
    return PlannedRound(steps, trials, paid, one, gpu_hours, wall_hours, trial_hours)


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
