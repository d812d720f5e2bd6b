"""New identifiers: sortable by time of creation, unguessable, readable in a log."""

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(kind: str) -> str:
    """`kind` + 9 characters of time in milliseconds + 10 random ones: `trial_01kq3v7...`."""
    milliseconds = time.time_ns() // 1_000_000
    stamp = "".join(_ALPHABET[(milliseconds >> (5 * place)) & 31] for place in reversed(range(9)))
    return f"{kind}_{stamp}{''.join(secrets.choice(_ALPHABET) for _ in range(10))}"
