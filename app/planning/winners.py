"""Winners: how many configurations to promote, and which (P-24, policy 2.5)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.space import Parameters, Role, is_active
from app.planning.case import Case
from app.planning.moves import best_trial
from app.policy.configurations import best_of
from app.policy.facts import Configuration, ReviewFacts
from app.policy.progress import best_so_far
from paceline.schedules import Schedule

NORMAL_MAD = 1.4826
LEADERS = 8  # whose last doubling gives the noise unit
WITHIN_UNITS = 1.0  # measured: as good as any learned model tried
LEAST_WINNERS = 2
MOST_WINNERS = 6
MOST_FRACTION = 0.3  # of all configurations
LEAST_DISTANCE = 0.05  # in scaled space, of the diagonal: nearer ones are one idea
BRANCH_ROLES = (Role.ARCHITECTURE, Role.OPTIMIZER)
# P(best inside), measured on real curves: share of the final horizon -> for 1, 3, 5 of 20 promoted.
INSIDE_COUNTS = (1, 3, 5)
INSIDE_TABLE = {0.1: (0.72, 0.86, 0.89), 0.2: (0.80, 0.92, 0.94), 0.5: (0.89, 0.97, 0.98)}


@dataclass(frozen=True, slots=True)
class Winner:
    """A configuration to promote, the trial that stands for it, and why it was chosen."""

    configuration: Configuration
    trial_id: str
    schedule: Schedule | None  # of that trial; None: a custom one, which has no formula
    reason: str


def pick_winners(case: Case, next_steps: int) -> tuple[Winner, ...]:
    """Whom to promote to `next_steps`, best first; empty if nothing completed alive."""
    ordered = order(case)
    if not ordered:
        return ()
    count = winners_wanted(case.facts, next_steps / case.horizon_steps)
    chosen = spread_out(case, ordered, count)
    rival = _rival(case, ordered, chosen, count)
    if rival is not None:
        chosen = [*chosen[: max(1, count - 1)], rival]
    return tuple(_winner(case, c, rival) for c in chosen)


def _winner(case: Case, configuration: Configuration, rival: Configuration | None) -> Winner:
    trial = best_trial(configuration)
    reason = _reason(case, configuration, rival)
    return Winner(configuration, trial.trial_id, trial.schedule, reason)


def order(case: Case) -> list[Configuration]:
    """By best value; exact ties go to interior rates, then to the lower spread."""
    box = case.subject.definition.parameters
    return sorted(
        case.facts.configurations,
        key=lambda c: (c.best_value, -_interiority(box, c), _spread(c), c.point_key),
    )


def winners_wanted(facts: ReviewFacts, growth: float) -> int:
    """Policy 2.5: those within one noise unit of the best, at least 2, at most min(6, 30%)."""
    n = len(facts.configurations) + len(facts.dead)
    most = max(LEAST_WINNERS, min(MOST_WINNERS, math.ceil(MOST_FRACTION * n)))
    unit = noise_unit(facts, growth)
    best = facts.configurations[0].best_value
    near = sum(1 for c in facts.configurations if c.best_value <= best + WITHIN_UNITS * unit)
    return min(max(LEAST_WINNERS, near), most, len(facts.configurations))


def noise_unit(facts: ReviewFacts, growth: float) -> float:
    """How unequally the leaders gained in the last doubling, times the doublings to come."""
    half = facts.round.definition.max_train_steps / 2
    gains = [best_so_far(c).at(half) - c.best_value for c in facts.configurations[:LEADERS]]
    gains = [g for g in gains if math.isfinite(g)]
    if not gains:
        return 0.0
    spread = float(np.median(np.abs(np.array(gains) - np.median(gains))))
    return NORMAL_MAD * spread * max(1.0, math.log2(max(growth, 1.0)))


def spread_out(case: Case, ordered: Sequence[Configuration], count: int) -> list[Configuration]:
    """Greedy: best first, near repeats of a chosen one only if they tie with the best."""
    box = case.subject.definition.parameters
    limit = ordered[0].best_value + case.facts.noise.eps
    chosen: list[Configuration] = []
    for candidate in ordered:
        is_far = all(_distance(box, candidate, c) >= LEAST_DISTANCE for c in chosen)
        if is_far or candidate.best_value <= limit:
            chosen.append(candidate)
        if len(chosen) == count:
            return chosen
    taken = {c.point_key for c in chosen}
    rest = [c for c in ordered if c.point_key not in taken]
    return [*chosen, *rest[: count - len(chosen)]]


def probability_inside(count: int, fraction: float) -> float:
    """How often the best `count` at this fraction of the horizon hold the eventual best."""
    shares = sorted(INSIDE_TABLE)
    at_count = [float(np.interp(count, INSIDE_COUNTS, INSIDE_TABLE[s])) for s in shares]
    return float(np.interp(math.log(max(fraction, 1e-9)), np.log(shares), at_count))


def _rival(
    case: Case, ordered: Sequence[Configuration], chosen: Sequence[Configuration], count: int
) -> Configuration | None:
    """The best configuration of another architecture or optimiser, if no place went to one yet."""
    box = case.subject.definition.parameters
    branches = {_branch(box, c) for c in chosen}
    if len(branches) > 1 or count < LEAST_WINNERS:
        return None
    return next((c for c in ordered if _branch(box, c) not in branches), None)


def _branch(box: Parameters, configuration: Configuration) -> tuple[tuple[str, object], ...]:
    return tuple(
        (name, configuration.params.get(name))
        for name, p in box.items()
        if p.role in BRANCH_ROLES and not p.is_numeric
    )


def _reason(case: Case, configuration: Configuration, rival: Configuration | None) -> str:
    value = case.shown(configuration.best_value)
    if configuration is rival:
        return f"{value}: the best of another architecture or optimiser"
    rank = case.facts.configurations.index(configuration) + 1
    return f"{value}: rank {rank} of {len(case.facts.configurations)}"


def _spread(configuration: Configuration) -> float:
    if len(configuration.trials) < 2:
        return 0.0
    values = [best_of(t)[0] for t in configuration.trials]
    return max(values) - min(values)


def _interiority(box: Parameters, configuration: Configuration) -> float:
    """The rate's distance from the nearer end of its range, 0 ... 0.5."""
    positions = [
        p.position(float(configuration.params[n]))
        for n, p in box.items()
        if p.role is Role.LEARNING_RATE and p.is_numeric and n in configuration.params
    ]
    return min((min(u, 1 - u) for u in positions), default=0.0)


def _distance(box: Parameters, one: Configuration, other: Configuration) -> float:
    """Root mean square over the parameters active in both, each in its own scaled range."""
    squares = []
    for name, parameter in box.items():
        if not (is_active(name, box, one.params) and is_active(name, box, other.params)):
            continue
        if name not in one.params or name not in other.params:
            continue
        mine, theirs = one.params[name], other.params[name]
        if parameter.is_numeric:
            gap = parameter.position(float(mine)) - parameter.position(float(theirs))
        else:
            gap = float(mine != theirs)
        squares.append(gap**2)
    return math.sqrt(sum(squares) / len(squares)) if squares else 1.0
