"""Workers: register, list, and take them out of service."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app.api.answers import DEFAULT_PAGE, JsonAnswer, checked_limit, decode_cursor, page
from app.api.auth import Admin, Reader, WorkerCaller
from app.api.body import parsed
from app.api.context import InContext
from app.api.rendering.attempts import worker_answer
from app.domain.ids import WorkerId
from app.domain.leases import WorkerState
from app.domain.reports import Registration
from app.services import workers
from app.services.context import Context

router = APIRouter(tags=["workers"], prefix="/v1/workers")


@router.post("", status_code=201)
def register_worker(
    context: InContext,
    caller: WorkerCaller,
    body: Annotated[Registration, Depends(parsed(Registration))],
) -> Response:
    """Registration, repeated at each start; `shares_store` says whether resuming works anywhere."""
    del caller  # the scope is the check
    worker = workers.register_worker(context, body)
    return JsonAnswer(worker_answer(worker, context.settings.resolved_store), 201)


@router.get("")
def list_workers(
    context: InContext, caller: Reader, cursor: str | None = None, limit: int = DEFAULT_PAGE
) -> Response:
    """The nodes that registered."""
    del caller  # the scope is the check
    found, following = workers.list_workers(context, decode_cursor(cursor), checked_limit(limit))
    store = context.settings.resolved_store
    return JsonAnswer(page([worker_answer(worker, store) for worker in found], following))


@router.post("/{worker_id}/drain")
def drain_worker(context: InContext, caller: Admin, worker_id: str) -> Response:
    """It claims nothing new, and what it runs checkpoints and moves on."""
    del caller  # the scope is the check
    return _set(context, worker_id, WorkerState.DRAINING)


@router.post("/{worker_id}/cordon")
def cordon_worker(context: InContext, caller: Admin, worker_id: str) -> Response:
    """It claims nothing new, and finishes what it runs."""
    del caller  # the scope is the check
    return _set(context, worker_id, WorkerState.CORDONED)


@router.post("/{worker_id}/uncordon")
def uncordon_worker(context: InContext, caller: Admin, worker_id: str) -> Response:
    """It takes work again, after a cordon or a drain."""
    del caller  # the scope is the check
    return _set(context, worker_id, WorkerState.ACTIVE)


def _set(context: Context, worker_id: str, state: WorkerState) -> Response:
    worker = workers.set_worker_state(context, WorkerId(worker_id), state)
    return JsonAnswer(worker_answer(worker, context.settings.resolved_store))
