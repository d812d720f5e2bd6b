"""Claims: a slot asks for work, and may wait for it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.api.answers import JsonAnswer
from app.api.auth import WorkerCaller
from app.api.body import parsed
from app.api.rendering.attempts import claim_answer
from app.api.waiting import Waiters
from app.domain.reports import ClaimRequest

router = APIRouter(tags=["worker protocol"])


@router.post("/v1/claims")
async def claim(
    request: Request,
    caller: WorkerCaller,
    body: Annotated[ClaimRequest, Depends(parsed(ClaimRequest))],
) -> Response:
    """One attempt to run, or 204. The same `request_id` answers the same attempt again."""
    del caller  # the scope is the check
    waiters: Waiters = request.app.state.waiters
    claimed = await waiters.claim(body, request.is_disconnected)
    if claimed is None:
        return Response(status_code=204)
    return JsonAnswer(claim_answer(claimed, request.app.state.context.settings))
