"""Health, version, metrics, and the description of the interface."""

from importlib.metadata import version

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from prometheus_client import CONTENT_TYPE_LATEST

from app.api.answers import JsonAnswer
from app.api.auth import Caller, principal
from app.api.context import InContext
from app.api.pages import render
from app.domain.errors import DomainError
from app.services import health
from app.services.installation import installation_mark

router = APIRouter(tags=["system"])
signed_in = [Depends(principal)]


@router.get("/healthz")
async def is_alive() -> Response:
    """The process answers; also while every thread waits for a database that is away."""
    return JsonAnswer({"status": "ok"})


@router.get("/readyz")
def is_ready(request: Request) -> Response:
    """The database answers and its schema is the one this version wants; 503 with the reason if
    not."""
    try:
        report = health.check_ready(request.app.state.context)
    except DomainError as error:
        return JsonAnswer({"status": "not ready", "detail": error.detail, "hint": error.hint}, 503)
    return JsonAnswer({"status": "ready", **report})


@router.get("/version")
def show_version() -> Response:
    """The version of the service and of its interface."""
    return JsonAnswer({"name": "paceline", "version": version("paceline"), "api": "v1"})


@router.get("/v1/installation")
def show_installation(context: InContext, caller: Caller) -> Response:
    """What a node compares itself with: the version, the scopes of its own token, the store, and
    the mark by which store and broker are known."""
    answer = {
        "version": version("paceline"),
        "token": {"name": caller.name, "scopes": caller.scopes},
        "store": context.settings.resolved_store,
        "mark": installation_mark(context),
    }
    return JsonAnswer(answer)


@router.get("/metrics", dependencies=signed_in)
def show_metrics(request: Request) -> Response:
    """Prometheus metrics of this process and of the fleet."""
    return Response(request.app.state.metrics.text(), media_type=CONTENT_TYPE_LATEST)


@router.get("/openapi.json", dependencies=signed_in)
def show_openapi(request: Request) -> Response:
    """The interface, OpenAPI 3.1."""
    return JsonAnswer(request.app.openapi())


@router.get("/docs", dependencies=signed_in)
def show_docs(request: Request) -> Response:
    """The interface for people: every route with its body and an example; nothing is loaded from
    elsewhere."""
    return HTMLResponse(render("docs.html", spec=request.app.openapi()))
