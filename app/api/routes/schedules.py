"""What becomes of a learning-rate schedule when the horizon moves: stateless, findings never
refuse."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar  # Any: JSON

from fastapi import APIRouter, Depends, Response

from app import wire
from app.api.answers import JsonAnswer
from app.api.auth import Reader
from app.api.body import parsed
from app.domain.errors import InvalidInput
from app.domain.space import STRICT_FIELDS
from app.planning.extension import Curve, Extension, extend_schedule
from paceline.schedules import MAX_STEPS, Schedule, ScheduleError

router = APIRouter(tags=["schedules"])


@dataclass(frozen=True, slots=True)
class ExtensionRequest:
    """A schedule in numbers, the horizon it was made for, and the one it should run to (steps)."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    schedule: dict[str, Any]  # Any: checked by paceline.schedules
    from_max_train_steps: int
    to_max_train_steps: int
    decay_steps: int | None = None


@router.post("/v1/schedules/extension")
def extend(
    caller: Reader, body: Annotated[ExtensionRequest, Depends(parsed(ExtensionRequest))]
) -> Response:
    """The schedule for the new horizon, both curves, alternatives and findings."""
    del caller  # the scope is the check
    for name in ("from_max_train_steps", "to_max_train_steps"):
        if not 1 <= getattr(body, name) <= MAX_STEPS:
            raise InvalidInput(f"{name} lies between 1 and 2^53; it is {getattr(body, name)}")
    try:
        schedule = Schedule.from_dict(body.schedule)
        found = extend_schedule(
            schedule, body.from_max_train_steps, body.to_max_train_steps, body.decay_steps
        )
    except ScheduleError as error:
        raise InvalidInput(
            str(error), hint="the kinds and their numbers are under /docs"
        ) from error
    return JsonAnswer(render(found))


def render(found: Extension) -> dict[str, Any]:  # Any: JSON
    """The fields of the contract."""
    return {
        "schedule": found.schedule.to_dict(),
        "curve_before": _curve(found.curve_before),
        "curve_after": _curve(found.curve_after),
        "added_steps_below_10_percent_of_peak": found.added_steps_below_10_percent_of_peak,
        "resume_from_step": found.resume_from_step,
        "alternatives": [
            {"schedule": one.schedule.to_dict(), "why": one.why} for one in found.alternatives
        ],
        "findings": [wire.to_wire(one) for one in found.findings],
        "reason": found.reason,
    }


def _curve(curve: Curve) -> dict[str, Any]:  # Any: JSON
    return {"steps": list(curve.steps), "learning_rate": list(curve.learning_rate)}
