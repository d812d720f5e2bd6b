"""Check rounds: the few points that show whether a quarter, or twice, does as well."""

from dataclasses import replace

from app.domain.rounds import Purpose, Relation, RoundDefinition
from app.domain.space import Value
from app.planning.case import Case
from app.planning.levels import Level
from app.planning.moves import Candidate, moved_round, points_of
from app.planning.rates import natural_limits, rate_name, scaled
from app.planning.walks import Walk, Way
from app.policy.facts import Configuration
from app.policy.progress import best_so_far

DOWN_FACTORS = (1.0, 2.0, 4.0)  # shorter training wants a higher rate
UP_FACTOR = 0.5  # longer training a lower one
LEADERS = 3


def check_round(case: Case, walk: Walk, horizon_steps: int) -> RoundDefinition:
    """The check at `horizon_steps` (steps), asked from where the walk has come to."""
    new = moved_round(case, horizon_steps, Purpose.CHECK)
    candidates = _down(case, walk.settled) if walk.way is Way.DOWN else _up(case, walk.settled)
    points = points_of(case, new, candidates)
    return replace(new, checks=case.subject.number, points=points)


def _down(case: Case, settled: Level) -> list[Candidate]:
    best = settled.configurations[0]
    moved = _rate_moves(case, best, DOWN_FACTORS)
    if moved is None:
        return _leaders(settled)
    first = first_to_come(case)
    return [*moved, Candidate(first, dict(first.params))]


def _up(case: Case, settled: Level) -> list[Candidate]:
    halved = _rate_moves(case, settled.configurations[0], (UP_FACTOR,)) or []
    return [*_leaders(settled), *halved]


def _leaders(settled: Level) -> list[Candidate]:
    return [Candidate(c, dict(c.params)) for c in settled.configurations[:LEADERS]]


def _rate_moves(
    case: Case, source: Configuration, factors: tuple[float, ...]
) -> list[Candidate] | None:
    """The configuration at several rates, within theory; None if no rate is searched."""
    definition = case.subject.definition
    name = rate_name(definition, source.params)
    if name is None:
        return None
    *_, most, _ = natural_limits(definition.parameters[name], name)
    moved: list[dict[str, Value]] = [scaled(source.params, name, f) for f in factors if f != 1.0]
    kept = [params for params in moved if float(params[name]) <= most]
    same = [Candidate(source, dict(source.params))] if 1.0 in factors else []
    return [*same, *(Candidate(source, params, Relation.VARIANT) for params in kept)]


def first_to_come(case: Case) -> Configuration:
    """The configuration that was first within eps of the best: the quickest learner."""
    configurations = case.facts.configurations
    limit = configurations[0].best_value + case.facts.noise.eps
    arrivals = [(best_so_far(c).first_at_most(limit), i, c) for i, c in enumerate(configurations)]
    reached = [(step, i, c) for step, i, c in arrivals if step is not None]
    return min(reached, key=lambda a: a[:2])[2] if reached else configurations[0]
