"""The HTTP client of the service, used by workers, command line and tests.
It turns problem+json into `ProblemError` and silence into `Unreachable`.
"""

import contextlib
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from paceline.service import Service, ServiceNotFound, find_service, write_client_file

if TYPE_CHECKING:
    import httpx2

__all__ = [
    "Client",
    "ClientError",
    "JsonValue",
    "ProblemError",
    "Service",
    "ServiceNotFound",
    "Unreachable",
    "find_service",
    "write_client_file",
]

JsonValue = Any  # parsed JSON of the service: its shape is the contract's, not this module's
DEFAULT_TIMEOUT_SECONDS = 10.0
CONNECT_TIMEOUT_SECONDS = 5.0
NO_TYPE = "about:blank"  # as RFC 9457 says
MOST_STREAMS = 16  # remembered for `interrupt`


class ClientError(Exception):
    """Tree: ClientError -> ProblemError (the service said no), Unreachable (no answer came)."""


class ProblemError(ClientError):
    """The service answered with a status >= 400; `type` is what programs switch on."""

    def __init__(self, status: int, document: Mapping[str, JsonValue]) -> None:
        self.status = status
        self.document = document
        self.type = str(document.get("type", NO_TYPE))
        self.title = str(document.get("title", f"HTTP {status}"))
        self.detail = str(document.get("detail", "") or "")
        self.hint = str(document.get("hint", "") or "")
        self.findings: list[dict[str, JsonValue]] = list(document.get("findings") or [])
        said = f"{status} {self.title}" + (f": {self.detail}" if self.detail else "")
        super().__init__(f"{said} ({self.hint})" if self.hint else said)

    @property
    def kind(self) -> str:
        """The last word of `type`, such as `stale-attempt`."""
        return self.type.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1]

    @property
    def is_foreign(self) -> bool:
        """Whether it is not the service's own word: its problems always have a type."""
        return self.type == NO_TYPE


class Unreachable(ClientError):
    """No answer came: refused, reset, timed out, or cut off half way."""


class Client:
    """One service under one token; keeps its connections alive and may be shared by threads."""

    def __init__(
        self, url: str, token: str | None = None, *, timeout: float = DEFAULT_TIMEOUT_SECONDS
    ) -> None:
        import httpx2  # noqa: PLC0415 - 80 ms that `paceline --help` must not pay

        self.url, self.token = url.rstrip("/"), token
        self._network_error = httpx2.TransportError
        self._timeout = httpx2.Timeout(timeout, connect=min(timeout, CONNECT_TIMEOUT_SECONDS))
        self._streams: list[Any] = []  # Any: the library's
        self._http = httpx2.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=self._timeout,
        )

    def get(
        self,
        path: str,
        params: Mapping[str, JsonValue] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> JsonValue:
        return self._send("GET", path, params=params, headers=headers, timeout=timeout)

    def post(
        self,
        path: str,
        json: JsonValue = None,
        *,
        params: Mapping[str, JsonValue] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> JsonValue:
        return self._send("POST", path, json=json, params=params, headers=headers, timeout=timeout)

    def patch(
        self, path: str, json: JsonValue = None, *, headers: Mapping[str, str] | None = None
    ) -> JsonValue:
        return self._send("PATCH", path, json=json, headers=headers)

    def delete(
        self, path: str, json: JsonValue = None, *, headers: Mapping[str, str] | None = None
    ) -> JsonValue:
        return self._send("DELETE", path, json=json, headers=headers)

    def interrupt(self) -> None:
        """Cut off, from another thread, whatever is being waited for; it raises Unreachable."""
        for stream in list(self._streams):
            with contextlib.suppress(OSError):  # closed long ago
                stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(
        self, method: str, path: str, *, timeout: float | None = None, **request: JsonValue
    ) -> JsonValue:
        limit = self._timeout if timeout is None else timeout
        watched = {"trace": self._remember_stream}
        try:
            answer = self._http.request(method, path, timeout=limit, extensions=watched, **request)
        except self._network_error as error:
            why = str(error) or type(error).__name__
            raise Unreachable(f"no answer from {self.url} to {method} {path}: {why}") from error
        return _read(answer)

    def _remember_stream(self, event: str, seen: Mapping[str, Any]) -> None:  # Any: the library's
        """The network stream of a new connection, which `interrupt` needs."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._streams = [*self._streams[1 - MOST_STREAMS :], seen["return_value"]]


def _read(answer: "httpx2.Response") -> JsonValue:
    """The parsed body; None for 204 and other empty answers; ProblemError from 400 on."""
    document = _parsed(answer)
    if answer.status_code >= 400:
        problem = document if isinstance(document, dict) else {"detail": answer.text[:500]}
        raise ProblemError(answer.status_code, problem)
    return document


def _parsed(answer: "httpx2.Response") -> JsonValue:
    if not answer.content or "json" not in answer.headers.get("content-type", ""):
        return answer.text or None
    try:
        return answer.json()
    except ValueError as error:
        raise Unreachable(f"{answer.url} was cut off half way: {error}") from error
