"""One table maps each domain error to a status and a problem type (RFC 9457); no handler ever
echoes the input."""

import secrets
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from app.api.answers import JsonAnswer
from app.domain import errors

log = structlog.get_logger()

PROBLEMS: dict[type[errors.DomainError], tuple[int, str]] = {
    errors.InvalidInput: (422, "invalid-input"),
    errors.InvalidDefinition: (422, "invalid-definition"),
    errors.RefusedByRules: (422, "refused-by-rules"),
    errors.HorizonExceeded: (422, "horizon-exceeded"),
    errors.KeyReused: (422, "idempotency-key-reused"),
    errors.ExtraMissing: (422, "extra-missing"),
    errors.MissingObject: (404, "not-found"),
    errors.StateConflict: (409, "wrong-state"),
    errors.WrongState: (409, "wrong-state"),
    errors.StaleAttempt: (409, "stale-attempt"),
    errors.ConflictingMeasurement: (409, "conflicting-measurement"),
    errors.RecommendationSuperseded: (409, "recommendation-superseded"),
    errors.BlockedByFindings: (409, "blocked-by-findings"),
    errors.AccessRefused: (403, "forbidden"),
    errors.Unauthenticated: (401, "unauthenticated"),
    errors.Forbidden: (403, "forbidden"),
    errors.TooManyFailures: (429, "too-many-failures"),
    errors.RequestRefused: (400, "malformed"),
    errors.MalformedJson: (400, "malformed-json"),
    errors.TooLarge: (413, "too-large"),
    errors.WrongMediaType: (415, "wrong-media-type"),
    errors.PreconditionFailed: (412, "precondition-failed"),
    errors.PreconditionRequired: (428, "precondition-required"),
    errors.DomainError: (400, "refused"),
}
_HEADERS = {
    401: {"WWW-Authenticate": "Bearer"},
    429: {"Retry-After": "60"},
    503: {"Retry-After": "1"},
}
_HINTS = {
    401: "send `Authorization: Bearer <token>`; make one: paceline token create NAME --scopes A,B",
    404: "check the id, and the path against /docs",
    405: "check the method against /docs",
    413: "send less at once, or let whoever runs the service raise the limit",
    422: "correct it and send it again: /docs lists the fields",
}


def problem(error: errors.DomainError) -> JsonAnswer:
    """The rendered problem of a domain error."""
    status, kind = PROBLEMS[type(error)]
    body: dict[str, object] = {
        "type": kind,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": error.detail,
        "hint": error.hint or _HINTS.get(status, ""),
        **error.extra(),
    }
    if error.findings:
        body["findings"] = list(error.findings)
    return _answer(status, body)


def _answer(status: int, body: dict[str, object]) -> JsonAnswer:
    headers = _HEADERS.get(status, {})
    return JsonAnswer(body, status, headers=headers, media_type="application/problem+json")


def _plain(status: int, kind: str, detail: str, hint: str = "") -> JsonAnswer:
    title = HTTPStatus(status).phrase
    return _answer(
        status, {"type": kind, "title": title, "status": status, "detail": detail, "hint": hint}
    )


def unavailable() -> JsonAnswer:
    """The problem of a database that is away."""
    return _plain(
        503,
        "database-unavailable",
        "the database does not answer, or refuses to work, just now; trainings go on meanwhile",
        "send it again (workers do so by themselves); the service's log has the cause",
    )


def no_room() -> JsonAnswer:
    """The problem of a database whose disk is full."""
    return _plain(
        507,
        "database-full",
        "the database's disk is full, nothing new can be stored; trainings go on meanwhile and "
        "their reports wait on the nodes",
        "make room on the disk of the database; everything goes on by itself then",
    )


def install(app: FastAPI) -> None:
    """Register the handlers; whatever is not a domain error becomes a problem, too."""

    @app.exception_handler(errors.DomainError)
    async def _domain(request: Request, error: errors.DomainError) -> JsonAnswer:
        if isinstance(error, errors.StaleAttempt):
            request.app.state.metrics.fenced_writes.inc()
        return problem(error)

    @app.exception_handler(RequestValidationError)
    async def _parameters(request: Request, error: RequestValidationError) -> JsonAnswer:  # noqa: ARG001 - the handler's signature
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return _plain(422, "invalid-input", f"{place}: {first['msg']}", "see /docs for this route")

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JsonAnswer:
        if error.status_code == 413:
            limit = request.app.state.context.settings.max_body_bytes
            return problem(errors.TooLarge(f"the body is larger than the limit of {limit} bytes"))
        status = error.status_code
        kind = HTTPStatus(status).phrase.lower().replace(" ", "-")
        return _plain(status, kind, str(error.detail), _HINTS.get(status, ""))

    @app.exception_handler(ClientDisconnect)
    async def _gone(request: Request, error: ClientDisconnect) -> JsonAnswer:  # noqa: ARG001 - the handler's signature
        return _plain(400, "bad-request", "the client left before its body had arrived")

    @app.exception_handler(Exception)
    async def _crash(request: Request, error: Exception) -> JsonAnswer:
        trace_id = secrets.token_hex(8)
        log.error("request failed", path=request.url.path, trace_id=trace_id, exc_info=error)
        detail = f"the service failed; its log has the cause under trace id {trace_id}"
        return _plain(500, "internal-error", detail, "report the trace id")
