"""Points as people and planners give them: checked against the space, and with their own schedule
where they bring one."""

import difflib
from collections.abc import Iterable
from dataclasses import fields, replace

from app.domain.errors import InvalidDefinition
from app.domain.schedules import ScheduleDefinition
from app.domain.space import Parameter, Parameters, ParameterType, Params, Value, is_active


def near_hint(name: str, known: Iterable[str]) -> str:
    """What somebody who wrote `name` may have meant."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    return f"did you mean {', '.join(near)}?" if near else f"known: {', '.join(names) or 'none'}"


def check_point(params: Params, parameters: Parameters, *, is_boxed: bool) -> dict[str, Value]:
    """The point in the order of the space. `is_boxed`: its values must lie inside the ranges.

    Raises InvalidDefinition where it lacks an active parameter, or names another one.
    """
    for name in params:
        if name not in parameters:
            raise InvalidDefinition(
                f"a point names {name}, which is no parameter",
                hint=near_hint(name, parameters),
            )
    for name in parameters:
        _check_presence(name, params, parameters)
    return {
        name: _checked(name, parameter, params[name], is_boxed=is_boxed)
        for name, parameter in parameters.items()
        if name in params
    }


def _check_presence(name: str, params: Params, parameters: Parameters) -> None:
    is_wanted = is_active(name, parameters, params)
    if is_wanted and name not in params:
        raise InvalidDefinition(f"a point lacks {name}", hint="give every active parameter a value")
    if name in params and not is_wanted:
        raise InvalidDefinition(
            f"a point gives {name} a value although its condition {parameters[name].when} fails",
            hint=f"leave {name} out of this point",
        )


def _checked(name: str, parameter: Parameter, value: Value, *, is_boxed: bool) -> Value:
    if not parameter.is_numeric:
        if not parameter.contains(value):
            raise InvalidDefinition(f"{name} = {value!r} is not among its choices")
        return value
    if isinstance(value, bool | str):
        raise InvalidDefinition(f"{name} = {value!r} is not a number")
    if parameter.type is ParameterType.INT and value != round(value):
        raise InvalidDefinition(f"{name} = {value} must be a whole number")
    if is_boxed and not parameter.contains(value):
        low, high = parameter.bounds
        raise InvalidDefinition(
            f"{name} = {value} lies outside its range {low} ... {high}",
            hint="widen the range, or move the point inside",
        )
    return round(value) if parameter.type is ParameterType.INT else float(value)


_EXCLUSIVE = {"decay_steps": "decay_fraction", "decay_fraction": "decay_steps"}


def merged_schedule(base: ScheduleDefinition, own: ScheduleDefinition | None) -> ScheduleDefinition:
    """The round's schedule with the fields that a point sets.

    A kind of `constant` reads as unset: it is what an override without a kind decodes to.
    """
    if own is None:
        return base
    given = {f.name: getattr(own, f.name) for f in fields(own)}
    changes = {name: value for name, value in given.items() if value is not None}
    if changes.get("kind") == "constant":
        del changes["kind"]
    for name, other in _EXCLUSIVE.items():
        if name in changes:
            changes.setdefault(other, None)
    return replace(base, **changes)
