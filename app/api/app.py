"""The application: routes, errors, security headers; nothing here knows what a study is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from app.api import errors, openapi
from app.api.auth import Brake
from app.api.headers import SecurityHeaders
from app.api.log_ids import LogIds
from app.api.metrics import Metrics
from app.api.presence import Presence
from app.api.routes import (
    attempts,
    audits,
    claims,
    plans,
    recommendations,
    rounds,
    rules,
    schedules,
    studies,
    study_page,
    system,
    tokens,
    total_budget,
    trials,
    waivers,
    workers,
)
from app.api.trouble import DatabaseTroubles
from app.api.waiting import Waiters
from app.services.context import Context

DESCRIPTION = (
    "Paceline decides how long to train: studies run in rounds of one fixed number of steps, "
    "each round is judged, and the recommendation holds the next round, ready to be posted back."
)
ROUTERS = (  # looked through in this order: what workers post comes first
    attempts.router,
    claims.router,
    workers.router,
    system.router,
    tokens.router,
    rules.router,
    schedules.router,
    audits.router,
    plans.router,
    total_budget.router,
    study_page.router,
    studies.router,
    rounds.router,
    trials.router,
    recommendations.router,
    waivers.router,
)


def create_app(context: Context) -> FastAPI:
    """The service over one database."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:  # noqa: ARG001 - the protocol's signature
        presence = Presence(context)
        presence.start()
        yield
        presence.stop()

    app = FastAPI(
        title="Paceline",
        version=version("paceline"),
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
    )
    app.state.context = context
    app.state.brake = Brake()
    app.state.metrics = Metrics(context)
    app.state.waiters = Waiters(context, app.state.metrics.claim_seconds)
    app.state.routers = ROUTERS
    for router in ROUTERS:
        app.include_router(router)
    errors.install(app)
    app.add_middleware(DatabaseTroubles)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(LogIds)  # the outermost: what the others log has ids, too
    app.openapi = lambda: openapi.describe(app)  # type: ignore[method-assign]  # FastAPI's documented hook
    return app
