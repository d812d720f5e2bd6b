"""The first round of a study, and what any round costs before it runs."""

from dataclasses import replace
from math import prod

from app.domain.errors import InvalidDefinition
from app.domain.recommendations import Cost
from app.domain.rounds import Point, Purpose, RoundDefinition
from app.domain.schedules import Names, ScheduleDefinition
from app.domain.space import Parameter
from app.domain.studies import MAX_STEPS, AutoHorizon, AutoSteps, SamplerKind, StudyDefinition
from app.planning.ladders import first_steps
from app.planning.probes import LEAST_EVALUATIONS, first_probe
from app.planning.schedules import (
    CUSTOM,
    fitting_parameters,
    fitting_schedule,
    numeric_schedule,
)

SECONDS_PER_HOUR = 3600
GRID_POINTS = 5  # of a numeric parameter for which a grid names no number


def first_round(definition: StudyDefinition) -> RoundDefinition:
    """Round 1 of a study: a tune round at the number of steps that was typed, or, where it is to be
    found, a probe (P-15); compute-bound, a tune round at a tenth of the production length (P-21).

    Raises InvalidDefinition where something is missing, or the number passes production_steps.
    """
    horizon_steps = definition.max_train_steps
    longest = definition.production_steps
    if isinstance(horizon_steps, AutoHorizon):
        return _first_of_search(definition, horizon_steps.auto)
    if longest is not None and horizon_steps > longest:
        raise InvalidDefinition(
            f"max_train_steps ({horizon_steps}) is longer than production_steps ({longest})",
            hint="tune at most as long as the run you hope to launch: lower max_train_steps",
        )
    return tune_round(definition, horizon_steps)


def _first_of_search(definition: StudyDefinition, auto: AutoSteps) -> RoundDefinition:
    if definition.is_compute_bound:
        return planned_round(definition, definition.production_steps)
    training = definition.training_metric
    if training is None or training.perfect is None:
        raise InvalidDefinition(
            "`max_train_steps: auto` looks for a perfect fit of the training set, and "
            "training_metric.perfect does not say what that is",
            hint="give training_metric its perfect value (0 for an error, 1 for an accuracy), or "
            "give max_train_steps a number; where nothing can fit perfectly, the workload is "
            "compute_bound, with production_steps",
        )
    longest_warmup_steps(definition)  # refuses a schedule that no tune round could have
    return first_probe(definition, tune_round(definition, auto.start_steps))


def planned_round(definition: StudyDefinition, production_steps: int | None) -> RoundDefinition:
    """A compute-bound study's first tune round: the planner's T1."""
    if production_steps is None:
        raise InvalidDefinition(
            "a compute-bound study with `max_train_steps: auto` starts at a tenth of the run you "
            "hope to launch, and production_steps does not say how long that is",
            hint="add production_steps, or give max_train_steps a number",
        )
    warmup_steps = longest_warmup_steps(definition, production_steps)
    return found_tune_round(definition, first_steps(production_steps, warmup_steps))


def found_tune_round(definition: StudyDefinition, horizon_steps: int) -> RoundDefinition:
    """The study's tune round at a horizon that nobody typed: what does not fit is cut to it."""
    found = tune_round(definition, horizon_steps)
    names = Names(definition.parameters, definition.fixed)
    every = definition.evaluate_every_steps
    if every is not None:
        every = max(1, min(every, horizon_steps // LEAST_EVALUATIONS))
    return replace(
        found,
        parameters=fitting_parameters(found, horizon_steps),
        schedule=fitting_schedule(definition.schedule, names, horizon_steps),
        evaluate_every_steps=every,
    )


def longest_warmup_steps(definition: StudyDefinition, most_steps: int = MAX_STEPS) -> int:
    """The longest warmup that a trial of the study can have, within so many steps."""
    if definition.schedule.kind == CUSTOM:
        return 0
    names = Names(definition.parameters, definition.fixed)
    return numeric_schedule(definition.schedule, names, most_steps).warmup_steps


def tune_round(definition: StudyDefinition, horizon_steps: int) -> RoundDefinition:
    """The study's own tune round at a horizon: everything else as the definition says."""
    return RoundDefinition(
        purpose=Purpose.TUNE,
        max_train_steps=horizon_steps,
        parameters=definition.parameters,
        fixed=definition.fixed,
        schedule=definition.schedule,
        sampler=definition.sampler,
        seeds=definition.seeds,
        tags=definition.tags,
        evaluate_every_steps=definition.evaluate_every_steps,
        checkpoint_steps=reuse_steps(definition, definition.schedule, horizon_steps),
        trials=definition.trials,
        points=tuple(Point(params) for params in definition.points),
    )


def reuse_steps(
    definition: StudyDefinition, schedule: ScheduleDefinition, horizon_steps: int
) -> tuple[int, ...]:
    """Where a longer run could go on from this one: the step at which the decay begins (policy
    2.6).

    Empty where the job cannot resume, or where the schedule decays from the first step.
    """
    if not definition.is_resumable:
        return ()
    names = Names(definition.parameters, definition.fixed)
    start = numeric_schedule(schedule, names, horizon_steps).decay_start(horizon_steps)
    return (start,) if 0 < start < horizon_steps else ()


def rounds_cost(
    definition: RoundDefinition, seconds_per_step: float | None = None, gpus: int = 0
) -> Cost:
    """Steps and GPU-hours of a round before it runs; steps saved by prefix reuse are taken off.

    Without a measured speed, or without GPUs, the GPU-hours are 0.
    """
    horizon_steps, seeds = definition.max_train_steps, len(definition.seeds)
    runs = sampled_points(definition) * seeds
    saved = 0
    for point in definition.points:
        point_runs = seeds if point.seeds is None else len(point.seeds)
        runs += point_runs
        saved += point_runs * (point.resume.step if point.resume else 0)
    steps = runs * horizon_steps - saved
    gpu_hours = gpus * steps * (seconds_per_step or 0.0) / SECONDS_PER_HOUR
    return Cost(steps, gpu_hours, saved)


def sampled_points(definition: RoundDefinition) -> int:
    """How many points the sampler brings: `trials`, or all of a grid."""
    if definition.trials is not None:
        return definition.trials
    if definition.points or definition.sampler.kind is not SamplerKind.GRID:
        return 0
    return prod(_grid_size(definition, name, p) for name, p in definition.parameters.items())


def _grid_size(definition: RoundDefinition, name: str, parameter: Parameter) -> int:
    if not parameter.is_numeric:
        return len(parameter.choices or ())
    return (definition.sampler.points or {}).get(name, GRID_POINTS)
