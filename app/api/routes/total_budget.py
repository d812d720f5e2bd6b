"""The budget of the whole installation: what all studies together may spend."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app.api.answers import JsonAnswer
from app.api.auth import Admin, Reader
from app.api.body import parsed
from app.api.context import InContext
from app.api.rendering.studies import usage_answer
from app.services import total_budget
from app.services.total_budget import TotalsPatch

router = APIRouter(tags=["budget"], prefix="/v1/budget")

Patch = Annotated[TotalsPatch, Depends(parsed(TotalsPatch))]


@router.get("")
def read_budget(context: InContext, caller: Reader) -> Response:
    """Limits on all studies together, and what is left of them."""
    del caller  # the scope is the check
    found = total_budget.read_totals(context)
    return JsonAnswer(usage_answer(found.steps, found.gpu_seconds))


@router.patch("")
def change_budget(context: InContext, caller: Admin, body: Patch) -> Response:
    """Set limits, or (null) take them away; what waited for them goes on by itself."""
    del caller  # the scope is the check
    found = total_budget.change_totals(context, body)
    return JsonAnswer(usage_answer(found.steps, found.gpu_seconds))
