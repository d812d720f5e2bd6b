"""The learning-rate schedule as a study states it: numbers or parameter names, resolved for one
point and horizon."""

from dataclasses import dataclass, fields
from typing import ClassVar

from app.domain.errors import InvalidDefinition
from app.domain.space import STRICT_FIELDS, Fixed, Parameters, Params, Role, is_active
from paceline.schedules import Schedule, ScheduleError


@dataclass(frozen=True, slots=True)
class RoleReference:
    """The active parameter of a role: where Adam and SGD each bring a rate of their own."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    role: Role


Number = float | str | RoleReference


@dataclass(frozen=True, slots=True)
class ScheduleDefinition:
    """A schedule whose numbers may be parameter names; unset fields take the defaults of
    `paceline.schedules`."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    kind: str = "constant"
    peak: Number | None = None
    warmup_steps: Number | None = None
    decay_steps: Number | None = None
    decay_fraction: Number | None = None
    final_fraction: Number | None = None
    power: Number | None = None
    milestones: tuple[int, ...] | None = None
    factor: Number | None = None


_STEP_FIELDS = frozenset({"warmup_steps", "decay_steps"})


@dataclass(frozen=True, slots=True)
class Names:
    """What a schedule may refer to: the searched parameters and the fixed values of a round."""

    parameters: Parameters
    fixed: Fixed


def resolve(
    definition: ScheduleDefinition, names: Names, params: Params, horizon_steps: int
) -> Schedule:
    """The schedule in numbers for one point. Raises InvalidDefinition where it is impossible at
    this horizon."""
    numbers: dict[str, object] = {}
    for field in fields(definition):
        given = getattr(definition, field.name)
        if given is not None:
            numbers[field.name] = _number(field.name, given, names, params)
    if "peak" not in numbers:
        numbers["peak"] = _number("peak", RoleReference(Role.LEARNING_RATE), names, params)
    try:
        schedule = Schedule.from_dict(numbers)
        schedule.validate(horizon_steps)
    except ScheduleError as error:
        raise InvalidDefinition(str(error)) from error
    return schedule


def _number(field: str, given: object, names: Names, params: Params) -> object:
    if field == "kind" or not isinstance(given, str | RoleReference):
        return given
    name = given if isinstance(given, str) else _active_name(field, given.role, names, params)
    value = _value_of(name, names, params)
    if value is None and field == "warmup_steps":
        return 0  # contract section 4: a warmup that is inactive for a point is none
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidDefinition(
            f"schedule.{field} refers to {name}, which gives no number here (it gives {value!r})"
        )
    return round(value) if field in _STEP_FIELDS else value


def _active_name(field: str, role: Role, names: Names, params: Params) -> str:
    searched = [
        name
        for name, parameter in names.parameters.items()
        if parameter.role is role and is_active(name, names.parameters, params)
    ]
    fixed = [name for name, value in names.fixed.items() if value.role is role]
    found = searched or fixed
    if len(found) != 1:
        raise InvalidDefinition(
            f"schedule.{field} wants the one active parameter of role {role};"
            f" there are {len(found)}",
        )
    return found[0]


def _value_of(name: str, names: Names, params: Params) -> object:
    if name in names.fixed:
        return names.fixed[name].value
    if name not in names.parameters:
        raise InvalidDefinition(
            f"the schedule refers to {name}, which is neither a parameter nor fixed"
        )
    return params.get(name) if is_active(name, names.parameters, params) else None
