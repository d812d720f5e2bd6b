"""The `Idempotency-Key` header as a value that a service stores with its effect."""

import hashlib
from typing import Annotated

from fastapi import Depends, Request

from app.api.body import read_bytes
from app.domain.errors import InvalidInput
from app.services.request_keys import RequestKey

MAX_KEY = 255


async def request_key(request: Request) -> RequestKey | None:
    """The key, if one was sent, with the digest of the body."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 0 < len(key) <= MAX_KEY or not key.isprintable():
        raise InvalidInput(f"Idempotency-Key must be 1 to {MAX_KEY} printable characters")
    digest = hashlib.sha256(await read_bytes(request)).hexdigest()
    return RequestKey(key, f"{request.method} {request.url.path}", digest)


OptionalKey = Annotated[RequestKey | None, Depends(request_key)]
