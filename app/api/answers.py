"""How answers leave: JSON by orjson, times as RFC 3339, ETags with 304, keyset cursors."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any  # Any: JSON

import orjson
from fastapi import Request, Response

from app.domain.errors import InvalidInput

MAX_PAGE = 500
DEFAULT_PAGE = 100


class JsonAnswer(Response):
    """A JSON response rendered once, by orjson; non-finite numbers must have become strings
    before."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:  # Any: JSON
        return orjson.dumps(content)


def rfc3339(seconds: float | None) -> str | None:
    """Epoch seconds as RFC 3339 in UTC with milliseconds; None stays None."""
    if seconds is None:
        return None
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def seconds_of(moment: str | None) -> float | None:
    """Epoch seconds of an RFC 3339 time. Raises InvalidInput on anything else, or without a
    zone."""
    if moment is None:
        return None
    try:
        parsed = datetime.fromisoformat(moment)
    except ValueError as error:
        raise InvalidInput(f"{moment!r} is no time; write it like 2026-05-01T12:00:00Z") from error
    if parsed.tzinfo is None:
        raise InvalidInput(f"{moment!r} has no time zone; end it with Z for UTC")
    return parsed.timestamp()


def page(items: list[dict[str, Any]], next_key: str | None) -> dict[str, Any]:  # Any: JSON
    """A list answer; `next_key` is the keyset position after the last item, None at the end."""
    return {"items": items, "next_cursor": encode_cursor(next_key) if next_key else None}


def encode_cursor(key: str) -> str:
    """An opaque cursor."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> str | None:
    """The keyset position in a cursor. Raises InvalidInput on one that is not ours."""
    if cursor is None:
        return None
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise InvalidInput(
            "`cursor` is not one of ours; pass `next_cursor` back as it came"
        ) from error


def checked_limit(limit: int) -> int:
    """A page size within bounds. Raises InvalidInput with the bound."""
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidInput(f"`limit` lies between 1 and {MAX_PAGE}; it is {limit}")
    return limit


def location(path: str) -> Mapping[str, str]:
    """The header of a 201."""
    return {"Location": path}


def with_content_etag(request: Request, content: Any) -> Response:  # Any: JSON
    """The answer, rendered once, with an ETag of its bytes; 304 if the client has these already."""
    raw = orjson.dumps(content)
    tag = f'"{hashlib.sha256(raw).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in (part.strip() for part in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    return Response(raw, headers=headers, media_type="application/json")
