"""Plans: ways to spend a budget up to the run one hopes to launch; stateless."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app import wire
from app.api.answers import JsonAnswer
from app.api.auth import Reader
from app.api.body import parsed
from app.api.rendering.findings import finding_answer
from app.domain.errors import InvalidInput
from app.domain.plans import PlanRequest
from app.domain.schedules import Names
from app.planning.plan_findings import judge_plans
from app.planning.plans import make_plans
from app.planning.schedules import numeric_schedule
from paceline.schedules import Schedule, ScheduleError

router = APIRouter(tags=["plans"])


@router.post("/v1/plans")
def plan(caller: Reader, body: Annotated[PlanRequest, Depends(parsed(PlanRequest))]) -> Response:
    """Alternatives with cost and trade; findings never refuse."""
    del caller  # the scope is the check
    try:
        plans = make_plans(body, _schedule(body))
    except ScheduleError as error:
        raise InvalidInput(
            str(error), hint="the kinds and their numbers are under /docs"
        ) from error
    return JsonAnswer(
        {
            "alternatives": [wire.to_wire(one) for one in plans],
            "findings": [finding_answer(found) for found in judge_plans(body, plans)],
        }
    )


def _schedule(body: PlanRequest) -> Schedule | None:
    """The schedule in numbers; its peak does not matter. Raises ScheduleError."""
    if body.schedule is None:
        return None
    schedule = body.schedule
    if schedule.kind == "custom":
        raise ScheduleError("a custom schedule has no formula to extend; leave `schedule` out")
    return numeric_schedule(schedule, Names({}, {}), body.production_steps)
