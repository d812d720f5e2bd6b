"""Who asks: bearer tokens (or the browser's session cookie for reading), scopes, and a brake on
guessing."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.concurrency import run_in_threadpool

from app.domain.errors import Forbidden, TooManyFailures, Unauthenticated
from app.services.tokens import Principal, find_principal, known_principal

COOKIE = "paceline_session"
READ = "studies:read"
_FAILURES = RateLimitItemPerMinute(20)


class Brake:
    """Counts failed authentications per address; one per application."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def check(self, address: str) -> None:
        """Raises TooManyFailures once an address has failed too often within a minute."""
        if not self._limiter.test(_FAILURES, address):
            raise TooManyFailures(
                f"more than {_FAILURES.amount} failed authentications within a minute",
                hint="check the token, then wait a minute",
            )

    def count(self, address: str) -> None:
        self._limiter.hit(_FAILURES, address)


def _presented(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return request.cookies.get(COOKIE) if request.method == "GET" else None


async def principal(request: Request) -> Principal:
    """Whoever presents the token. Raises Unauthenticated or TooManyFailures."""
    address = request.client.host if request.client else ""
    presented = _presented(request)
    found = None
    if presented is not None:
        context = request.app.state.context
        found = known_principal(context, presented) or await run_in_threadpool(
            find_principal, context, presented
        )
    if found is not None:
        return found
    brake: Brake = request.app.state.brake
    if presented is not None:
        brake.check(address)
        brake.count(address)
        raise Unauthenticated("this token is unknown, revoked or expired")
    raise Unauthenticated("this route needs a token")


Caller = Annotated[Principal, Depends(principal)]


def require(scope: str) -> Callable[[Principal], Awaitable[Principal]]:
    """A dependency: the caller, if its token has the scope. Raises Forbidden naming the scope."""

    async def check(caller: Caller) -> Principal:
        if not caller.has(scope):
            raise Forbidden(
                f"this token lacks the scope {scope}; it has {', '.join(caller.scopes) or 'none'}",
                hint=f"paceline token create NAME --scopes {scope}",
            )
        return caller

    return check


Reader = Annotated[Principal, Depends(require(READ))]
Writer = Annotated[Principal, Depends(require("studies:write"))]
WorkerCaller = Annotated[Principal, Depends(require("workers"))]
Admin = Annotated[Principal, Depends(require("admin"))]
