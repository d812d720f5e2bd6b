"""Idempotency keys: an effect and its answer are stored in one transaction, so a repeated POST
repeats the answer."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestKey:
    """An `Idempotency-Key` with what it was sent for; the same key with another body is refused."""

    key: str
    route: str
    body_digest: str
