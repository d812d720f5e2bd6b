"""Schedules of rounds at another horizon: fractions stay, numbers are clipped (policy 2.6)."""

from dataclasses import fields, replace

from app.domain.errors import InvalidDefinition
from app.domain.rounds import RoundDefinition
from app.domain.schedules import Names, ScheduleDefinition, resolve
from app.domain.space import Parameter, Parameters, Params
from app.planning.extension import clip_to_horizon
from paceline.schedules import Schedule, ScheduleError

CUSTOM = "custom"
CLIPPED = ("warmup_steps", "decay_steps", "milestones")


def names_of(definition: RoundDefinition) -> Names:
    """What the round's schedule may refer to."""
    return Names(definition.parameters, definition.fixed)


def as_definition(schedule: Schedule) -> ScheduleDefinition:
    """A schedule in numbers, as a point's own schedule."""
    numbers = schedule.to_dict()
    if isinstance(numbers.get("milestones"), list):
        numbers["milestones"] = tuple(schedule.milestones)
    return ScheduleDefinition(**numbers)  # type: ignore[arg-type]  # to_dict holds its field names and numbers


def as_wire(schedule: ScheduleDefinition) -> dict[str, object]:
    """The fields that are set, JSON-ready."""
    wire: dict[str, object] = {}
    for field in fields(schedule):
        value = getattr(schedule, field.name)
        if isinstance(value, tuple):
            value = list(value)
        elif value is not None and not isinstance(value, str | int | float):
            value = {"role": str(value.role)}
        if value is not None:
            wire[field.name] = value
    return wire


def numeric_schedule(definition: ScheduleDefinition, names: Names, horizon_steps: int) -> Schedule:
    """The schedule in numbers before any point is known: a searched warmup is as long as it can be.

    Other searched numbers take their default, the peak is 1. Raises InvalidDefinition where a
    number of the kind is missing.
    """
    given = {f.name: getattr(definition, f.name) for f in fields(definition)}
    numbers = {
        name: value if name == "kind" else _number_of(name, value, names)
        for name, value in given.items()
    }
    try:
        schedule = Schedule.from_dict({**numbers, "peak": 1.0})
    except ScheduleError as error:
        raise InvalidDefinition(str(error)) from error
    return clip_to_horizon(schedule, horizon_steps)


def _number_of(field: str, value: object, names: Names) -> object:
    if isinstance(value, str) and value in names.fixed:
        return names.fixed[value].value
    if isinstance(value, str) and field == "warmup_steps" and value in names.parameters:
        return round(names.parameters[value].bounds[1])
    return value if isinstance(value, int | float | tuple) else None


def clipped_schedule(definition: RoundDefinition, horizon_steps: int) -> ScheduleDefinition:
    """The round's schedule elsewhere: numbers that no longer fit are cut, references stay."""
    if definition.schedule.kind == CUSTOM:
        return definition.schedule  # an audit's: no formula to clip
    own_steps = definition.max_train_steps
    before = numeric_schedule(definition.schedule, names_of(definition), own_steps)
    after = clip_to_horizon(before, horizon_steps, own_steps)
    cut = {
        name: getattr(after, name)
        for name in CLIPPED
        if getattr(after, name) != getattr(before, name)
        and not isinstance(getattr(definition.schedule, name), str)
    }
    if "decay_steps" in cut:
        cut["decay_fraction"] = None
    return replace(definition.schedule, **cut)


def fitting_schedule(
    definition: ScheduleDefinition, names: Names, horizon_steps: int
) -> ScheduleDefinition:
    """The schedule with its typed warmup and decay cut to a horizon; references stay."""
    if definition.kind == CUSTOM:
        return definition
    fitting = numeric_schedule(definition, names, horizon_steps)
    cut = {
        name: getattr(fitting, name)
        for name in ("warmup_steps", "decay_steps", "decay_fraction")
        if isinstance(typed := getattr(definition, name), int | float)
        and typed != getattr(fitting, name)
    }
    if "decay_fraction" in cut:
        cut["decay_steps"] = fitting.decay_steps
    return replace(definition, **cut)


def with_decay_of(definition: ScheduleDefinition, extended: Schedule) -> ScheduleDefinition:
    """The definition with another horizon's decay in steps; references stay."""
    if extended.kind == "step":
        return replace(definition, milestones=extended.milestones)
    if extended.decay_steps is None:
        return definition
    return replace(definition, decay_steps=extended.decay_steps, decay_fraction=None)


def point_schedule(
    new: RoundDefinition, own: ScheduleDefinition, params: Params, from_steps: int
) -> ScheduleDefinition | None:
    """A point's own schedule in the new round; None where the round's serves it."""
    if CUSTOM in (own.kind, new.schedule.kind):
        return None
    names, steps = names_of(new), new.max_train_steps
    wanted = clip_to_horizon(resolve(own, names, params, from_steps), steps, from_steps)
    try:
        served = resolve(new.schedule, names, params, steps)
    except InvalidDefinition:
        return as_definition(wanted)
    same = served.same_until(wanted, steps, steps) == steps
    return None if same else as_definition(wanted)


def fitting_parameters(definition: RoundDefinition, horizon_steps: int) -> Parameters:
    """The box with searched warmups cut to the horizon, decays to what the longest warmup leaves:
    every sample can run."""
    schedule, parameters = definition.schedule, dict(definition.parameters)
    _cut(parameters, schedule.warmup_steps, horizon_steps - 1)
    if isinstance(schedule.decay_steps, str):
        plain = ScheduleDefinition(warmup_steps=schedule.warmup_steps)
        warmup = numeric_schedule(plain, Names(parameters, definition.fixed), horizon_steps)
        _cut(parameters, schedule.decay_steps, horizon_steps - warmup.warmup_steps)
    return parameters


def _cut(parameters: dict[str, Parameter], name: object, most: int) -> None:
    if isinstance(name, str) and name in parameters and parameters[name].is_numeric:
        low, high = parameters[name].bounds
        if low < most < high:
            parameters[name] = replace(parameters[name], high=float(most))
