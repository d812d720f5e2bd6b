"""Plans: ways to spend a budget up to the run one hopes to launch; nothing is stored."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app.api.answers import JsonAnswer
from app.api.auth import Reader
from app.api.body import parsed
from app.api.context import InContext
from app.api.rendering.plans import plan_answer
from app.domain.plans import PlanRequest
from app.services.gate import as_findings
from app.services.plans import plan

router = APIRouter(tags=["plans"])


@router.post("/v1/plans")
def post_plan(
    context: InContext,
    caller: Reader,
    body: Annotated[PlanRequest, Depends(parsed(PlanRequest))],
) -> Response:
    """Alternatives with cost, dates and trade; findings never refuse."""
    del caller  # the scope is the check
    found = plan(context, body)
    return JsonAnswer(
        {
            "alternatives": [plan_answer(one, body) for one in found.plans],
            "findings": as_findings(v for v in found.verdicts if v.verdict == "finding"),
        }
    )
