"""Tokens, and the exchange of a one-time code for a browser session."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Request, Response

from app.api.answers import JsonAnswer, page, rfc3339, seconds_of
from app.api.auth import COOKIE, Admin, Reader
from app.api.body import parsed
from app.domain.space import STRICT_FIELDS
from app.services import tokens
from app.services.context import Context

router = APIRouter(tags=["tokens"])


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """`scopes`: studies:read, studies:write, commands:run, workers, admin."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    name: str
    scopes: tuple[str, ...]
    expires_at: str | None = None


@dataclass(frozen=True, slots=True)
class CodeExchange:
    """A one-time code, as a sign-in link carries it behind its `#`."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    code: str


def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


@router.post("/v1/tokens", status_code=201)
def create_token(
    request: Request, caller: Admin, body: Annotated[TokenRequest, Depends(parsed(TokenRequest))]
) -> Response:
    """A new token; `token` is shown this once."""
    del caller  # the scope is the check
    made = tokens.create_token(
        _context(request), body.name, body.scopes, seconds_of(body.expires_at)
    )
    answer = {
        "id": made.id,
        "name": body.name,
        "scopes": made.scopes,
        "token": made.text,
        "expires_at": rfc3339(made.expires_at),
    }
    return JsonAnswer(answer, 201)


@router.get("/v1/tokens")
def list_tokens(request: Request, caller: Admin) -> Response:
    """All valid tokens, without their text."""
    del caller  # the scope is the check
    items = [
        {
            "id": token.id,
            "name": token.name,
            "scopes": token.scopes,
            "created_at": rfc3339(token.created_at),
            "expires_at": rfc3339(token.expires_at),
            "last_used_at": rfc3339(token.last_used_at),
        }
        for token in tokens.list_tokens(_context(request))
    ]
    return JsonAnswer(page(items, None))


@router.delete("/v1/tokens/{token_id}", status_code=204)
def revoke_token(request: Request, caller: Admin, token_id: str) -> Response:
    """Revoke a token; caches forget it within seconds."""
    del caller  # the scope is the check
    tokens.revoke_token(_context(request), token_id)
    return Response(status_code=204)


@router.post("/v1/session/codes", status_code=201)
def create_code(request: Request, caller: Reader) -> Response:
    """A one-time code for a sign-in link: `/studies/{id}#code=...`, valid for ten minutes."""
    made = tokens.create_code(_context(request), caller)
    return JsonAnswer({"code": made.text, "expires_at": rfc3339(made.expires_at)}, 201)


@router.post("/v1/session", status_code=204)
def open_session(
    request: Request, body: Annotated[CodeExchange, Depends(parsed(CodeExchange))]
) -> Response:
    """Exchange a code for a same-origin cookie that may read."""
    session = tokens.exchange_code(_context(request), body.code)
    answer = Response(status_code=204)
    answer.set_cookie(
        COOKIE,
        session.text,
        max_age=int(tokens.SESSION_SECONDS),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer
