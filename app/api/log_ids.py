"""Every log line of a request says which request it was, and the study, trial and attempt that the
path names."""

import re
import secrets

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars

HEADER = "X-Request-Id"
PLAIN = re.compile(r"[A-Za-z0-9._:-]{1,64}")
NAMES = {"studies": "study_id", "trials": "trial_id", "attempts": "attempt_id"}
NAMED = re.compile(rf"/({'|'.join(NAMES)})/([A-Za-z0-9_-]{{1,64}})(?=/|$)")


class LogIds:
    """The request's id is the one that a proxy sent, if it is plain; it goes back as a header.
    Nothing is unbound at the end: the handler of crashes stands outside of every middleware, and
    the next request begins by clearing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = request_id_of(scope)
        clear_contextvars()
        bind_contextvars(request_id=request_id, **ids_in(scope["path"]))

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        await self._app(scope, receive, send_with_id)


def request_id_of(scope: Scope) -> str:
    """What a proxy in front called the request; else a new one."""
    wanted = HEADER.lower().encode()
    said = next((value for name, value in scope["headers"] if name == wanted), b"")
    text = said.decode("latin-1")
    return text if PLAIN.fullmatch(text) else secrets.token_hex(8)


def ids_in(path: str) -> dict[str, str]:
    """`/v1/trials/T/curve` -> `{"trial_id": "T"}`."""
    return {NAMES[noun]: found for noun, found in NAMED.findall(path)}
