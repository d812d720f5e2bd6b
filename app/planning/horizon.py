"""The tune round at the horizon that checks have found: ten points around the best rate."""

from collections.abc import Sequence
from dataclasses import replace

from app.domain.rounds import Purpose, RoundDefinition
from app.domain.space import Parameter
from app.planning.case import Case
from app.planning.levels import Level
from app.planning.moves import Candidate, moved_round, points_of
from app.planning.rates import around, rate_name
from app.policy.facts import Configuration
from app.policy.rates import searched_rates

POINTS = 10  # for one or two searched dimensions; 10 (d - 1) for more
RATE_DECADES = 0.75  # on either side of the best rate


def tune_round_at(case: Case, settled: Level) -> RoundDefinition:
    """The tune round at the settled horizon; without a searched rate, the best ten again."""
    new = moved_round(case, settled.horizon_steps, Purpose.TUNE)
    if not searched_rates(new):
        best_ten = case.facts.configurations[:POINTS]
        candidates = [Candidate(c, dict(c.params)) for c in best_ten]
        return replace(new, points=points_of(case, new, candidates))
    parameters = narrowed(new, (*settled.configurations, *case.facts.configurations))
    return replace(new, parameters=parameters, trials=tune_points(len(parameters)))


def tune_points(dimensions: int) -> int:
    """How many points a tune round at a new horizon has."""
    return POINTS * max(1, dimensions - 1)


def narrowed(
    definition: RoundDefinition, best_first: Sequence[Configuration]
) -> dict[str, Parameter]:
    """0.75 decade on either side of each rate's best value; the full range of everything else."""
    result = dict(definition.parameters)
    for name in searched_rates(definition):
        using = (c for c in best_first if rate_name(definition, c.params) == name)
        best = next(using, None)
        if best is not None and float(best.params[name]) > 0:
            center = float(best.params[name])
            result[name] = around(result[name], name, center, RATE_DECADES)
    return result
