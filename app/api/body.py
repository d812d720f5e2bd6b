"""The one JSON layer: bodies are bounded, strict, never echoed, and parsed straight into domain
dataclasses."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar  # Any: JSON

import orjson
from fastapi import Request
from pydantic import ValidationError

from app import wire
from app.domain.errors import InvalidInput, MalformedJson, TooLarge, WrongMediaType

T = TypeVar("T")
Parser = Callable[[Request], Coroutine[Any, Any, T]]  # Any: asyncio's own send and yield types

MAX_DEPTH = 32
MAX_ERRORS_SHOWN = 5
_NUMBERS = frozenset({int, float})  # a column of numbers holds nothing to look at


def parsed(kind: type[T]) -> Parser[T]:
    """A dependency: `body: Annotated[T, Depends(parsed(T))]`. OpenAPI reads `json_kind` off it
    (openapi.py)."""

    async def read(request: Request) -> T:
        raw = await read_bytes(request)
        strict_json(raw)
        return decode(kind, raw)

    read.json_kind = kind  # type: ignore[attr-defined]  # a mark on our own function
    return read


async def read_bytes(request: Request) -> bytes:
    """The body, bounded, read once a request. Raises WrongMediaType or TooLarge."""
    known = getattr(request.state, "body", None)
    if isinstance(known, bytes):
        return known
    request.state.body = body = await _receive(request)
    return body


async def _receive(request: Request) -> bytes:
    media = request.headers.get("content-type", "application/json").split(";")[0].strip().lower()
    if media != "application/json" and not media.endswith("+json"):
        raise WrongMediaType(f"the body is {media}", hint="send Content-Type: application/json")
    limit = _limit(request)
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise TooLarge(f"the body is larger than the limit of {limit} bytes")
        parts.append(part)
    return b"".join(parts)


def _limit(request: Request) -> int:
    settings = request.app.state.context.settings
    is_audit = request.scope["path"] == "/v1/audits"
    return int(settings.max_audit_bytes if is_audit else settings.max_body_bytes)


def strict_json(raw: bytes) -> Any:  # Any: JSON
    """The parsed body. Raises MalformedJson: broken, bare NaN or Infinity, lone surrogates, 1e999,
    too deep."""
    if not raw.strip():
        raise MalformedJson("the body is empty", hint="send a JSON object")
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise MalformedJson(
            f"the body is no valid JSON: {error.msg} (line {error.lineno}, column {error.colno})",
            hint='JSON has no NaN or Infinity; a measurement is written "nan", "inf" or "-inf"',
        ) from error
    _check_nodes(value)
    return value


def _check_nodes(value: object) -> None:
    level: list[object] = [value]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise MalformedJson(f"the body is nested deeper than {MAX_DEPTH} levels")


def _children(node: object) -> Iterable[object]:
    if isinstance(node, dict):
        if any("\x00" in key for key in node):
            raise MalformedJson("a key holds a NUL character")
        return [child for child in node.values() if _is_interesting(child)]
    if not isinstance(node, list) or _NUMBERS.issuperset(map(type, node)):
        return ()
    return [child for child in node if _is_interesting(child)]


def _is_interesting(child: object) -> bool:
    if isinstance(child, str) and "\x00" in child:
        raise MalformedJson("a string holds a NUL character")
    return isinstance(child, dict | list)


def decode(kind: type[T], raw: bytes) -> T:
    """A domain value of the body. Raises InvalidInput naming each field that is wrong, without its
    value."""
    try:
        return wire.from_json(kind, raw)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        lines = list(dict.fromkeys(_line(item["loc"], item["msg"]) for item in found))
        more = (
            f" (and {len(lines) - MAX_ERRORS_SHOWN} more)" if len(lines) > MAX_ERRORS_SHOWN else ""
        )
        raise InvalidInput(
            "; ".join(lines[:MAX_ERRORS_SHOWN]) + more, hint="the fields are listed under /docs"
        ) from error


def _line(place: tuple[int | str, ...], message: str) -> str:
    words = message.removeprefix("Value error, ").replace(
        "Unexpected keyword argument", "unknown field"
    )
    where = ".".join(str(part) for part in place if not _is_branch(part))
    return f"{where}: {words}" if where else words


def _is_branch(part: int | str) -> bool:
    """pydantic names the member of a union it tried; that is no field of the user's."""
    return isinstance(part, str) and (part in _BRANCHES or "[" in part)


_BRANCHES = frozenset({"int", "float", "str", "bool", "Job", "RoleReference", "AutoHorizon"})
