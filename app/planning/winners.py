"""Winners: how many configurations to promote, and which (P-24, policy 2.5)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.space import Parameters, Role, is_active
from app.planning.case import Case
from app.planning.moves import best_trial
from app.policy.configurations import best_of
from app.policy.facts import Configuration
from app.policy.speed import seconds_per_step, speed_classes
from app.policy.winners_wanted import LEAST_WINNERS, winners_wanted
from paceline.schedules import Schedule

LEAST_DISTANCE = 0.05  # in scaled space, of the diagonal: nearer ones are one idea
SPACING_SHARE = 0.25  # of the usual spacing: neighbours on a grid are not one idea
BRANCH_ROLES = (Role.ARCHITECTURE, Role.OPTIMIZER)


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
    """By best value; exact ties go to interior rates, then to the lower spread.

    Where compute binds, what ties with the best goes by its speed first (P-2).
    """
    box, classes = case.subject.definition.parameters, speed_classes(case.facts)

    def key(c: Configuration) -> tuple[bool, int, float, float, float, str]:
        speed = classes.get(c.point_key, 0)
        is_behind = c.point_key not in classes
        return is_behind, speed, c.best_value, -_interiority(box, c), _spread(c), c.point_key

    return sorted(case.facts.configurations, key=key)


def spread_out(case: Case, ordered: Sequence[Configuration], count: int) -> list[Configuration]:
    """Greedy: best first, near repeats of a chosen one only if they tie with the best."""
    box = case.subject.definition.parameters
    limit = ordered[0].best_value + case.facts.noise.eps
    usual_spacing = len(ordered) ** (-1 / max(1, len(box)))
    nearest = min(LEAST_DISTANCE, SPACING_SHARE * usual_spacing)
    chosen: list[Configuration] = []
    for candidate in ordered:
        is_far = all(_distance(box, candidate, c) >= nearest for c in chosen)
        if is_far or candidate.best_value <= limit:
            chosen.append(candidate)
        if len(chosen) == count:
            return chosen
    taken = {c.point_key for c in chosen}
    rest = [c for c in ordered if c.point_key not in taken]
    return [*chosen, *rest[: count - len(chosen)]]


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
    metric, value = case.study.definition.objective.metric, case.shown(configuration.best_value)
    if configuration is rival:
        return (
            f"{metric} {value}, the best of another architecture or optimiser{_at(configuration)}"
        )
    rank = case.facts.configurations.index(configuration) + 1
    speed = _speed(case, configuration)
    n = len(case.facts.configurations)
    return f"{metric} {value}, rank {rank} of {n}{speed}{_at(configuration)}"


def _speed(case: Case, configuration: Configuration) -> str:
    """Why a tie was broken by speed, if it was."""
    if configuration.point_key not in speed_classes(case.facts):
        return ""
    seconds = seconds_per_step(configuration)
    return f", {seconds:.3g} seconds a step: of what ties, the faster goes first"


def _at(configuration: Configuration) -> str:
    """Where it lies, for a person to recognise: "; learning_rate 0.03, width 64"."""
    told = ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in configuration.params.items()
    )
    return f"; {told}" if told else ""


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
