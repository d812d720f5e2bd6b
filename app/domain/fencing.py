"""The attempt's token: an HMAC over its id with the server's key, so that nothing of it is stored
and a repeated claim answers the same bytes."""

import hashlib
import hmac

from app.domain.ids import AttemptId


def attempt_token(server_key: bytes, attempt_id: AttemptId) -> str:
    """What every write of this attempt must carry."""
    return hmac.new(server_key, attempt_id.encode(), hashlib.sha256).hexdigest()


def is_token_of(server_key: bytes, attempt_id: AttemptId, presented: str) -> bool:
    """Whether the token presented is this attempt's; takes the same time either way."""
    expected = attempt_token(server_key, attempt_id).encode()
    return hmac.compare_digest(expected, presented.encode("utf-8", "replace"))
