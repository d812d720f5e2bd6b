"""From a round's definition to its trials: explicit points first, then the sampler's; nothing is
stored here."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.domain.errors import InvalidDefinition
from app.domain.points import check_point, merged_schedule
from app.domain.rounds import Point, RoundDefinition
from app.domain.schedules import Names, resolve
from app.domain.space import Parameters, point_key
from app.domain.studies import SamplerKind
from app.domain.trials import NewTrial
from app.sampling import grid
from app.sampling.draw import draw
from app.sampling.request import DrawRequest
from app.services.definition_checks import MAX_TRIALS, check_amounts


@dataclass(frozen=True, slots=True)
class Start:
    """Where a study stands: its next index of the sequence, and the spaces it searched before."""

    next_index: int = 0
    skip_boxes: tuple[Parameters, ...] = ()
    known: frozenset[str] = frozenset()
    first_point: int = 0


@dataclass(frozen=True, slots=True)
class RoundPlan:
    """What to store: trials, and what an adaptive sampler draws while they end."""

    trials: tuple[NewTrial, ...]
    next_index: int
    points_to_draw: int = 0


def plan_round(definition: RoundDefinition, start: Start) -> RoundPlan:
    """All trials of a round. Raises InvalidDefinition where a point or its schedule cannot run."""
    check_amounts(definition.seeds, definition.trials)
    explicit = explicit_trials(definition, definition.points, start.first_point)
    known = start.known | {trial.point_key for trial in explicit}
    wanted = _wanted(definition)
    request = DrawRequest(
        parameters=definition.parameters,
        seed=definition.sampler.seed,
        count=wanted,
        first_index=start.next_index,
        known=frozenset(known),
        skip_boxes=start.skip_boxes,
    )
    drawn = draw(definition.sampler, request) if wanted else None
    points = [Point(values) for values in drawn.points] if drawn else []
    first = start.first_point + len(definition.points)
    trials = (*explicit, *explicit_trials(definition, points, first))
    if not trials:
        raise InvalidDefinition(
            "this round would have no trial",
            hint="give `trials` or `points`, or widen the space: its points were all tried",
        )
    if len(trials) > MAX_TRIALS:
        raise InvalidDefinition(f"a round holds at most {MAX_TRIALS} trials, not {len(trials)}")
    to_draw = wanted - len(points) if definition.sampler.is_adaptive else 0
    return RoundPlan(trials, drawn.next_index if drawn else start.next_index, to_draw)


def explicit_trials(
    definition: RoundDefinition, points: Iterable[Point], first_index: int
) -> tuple[NewTrial, ...]:
    """Each point once a seed, its schedule in numbers."""
    return tuple(
        trial
        for place, point in enumerate(points)
        for trial in _trials_of(definition, point, first_index + place)
    )


def _wanted(definition: RoundDefinition) -> int:
    if definition.trials is not None:
        return definition.trials
    if definition.sampler.kind is not SamplerKind.GRID or definition.points:
        return 0
    return grid.size(definition.parameters, definition.sampler.points or {})


def _trials_of(definition: RoundDefinition, point: Point, index: int) -> Iterable[NewTrial]:
    params = check_point(point.params, definition.parameters, is_boxed=False)
    names = Names(definition.parameters, definition.fixed)
    schedule = resolve(
        merged_schedule(definition.schedule, point.schedule),
        names,
        params,
        definition.max_train_steps,
    )
    key = point_key(params)
    for seed in definition.seeds if point.seeds is None else point.seeds:
        yield NewTrial(index, key, params, seed, schedule, point.origin, point.resume)
