"""Tokens: made once, shown once, kept as digests; found again with a short cache so that a poll
costs no statement."""

import hashlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass

from app.db import tokens
from app.db.identifiers import new_id
from app.db.tokens import StoredToken
from app.domain.errors import InvalidInput, MissingObject, Unauthenticated
from app.services.context import Context

SCOPES = ("studies:read", "studies:write", "commands:run", "workers", "admin")
PREFIX = "pl_"
CACHE_SECONDS = 5.0
TOUCH_SECONDS = 60.0
CODE_SECONDS = 600.0
SESSION_SECONDS = 12 * 3600.0
_CODE = "sign-in code"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a token's name and what it may do."""

    token_id: str
    name: str
    scopes: tuple[str, ...]
    project: str

    def has(self, scope: str) -> bool:
        return scope in self.scopes or "admin" in self.scopes


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token at the one moment when its text is known."""

    id: str
    text: str
    scopes: tuple[str, ...]
    expires_at: float | None


_cache: dict[tuple[int, str], tuple[float, Principal]] = {}


def create_token(
    context: Context, name: str, scopes: Sequence[str], expires_at: float | None = None
) -> NewToken:
    """A new token. Raises InvalidInput on an unknown scope."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise InvalidInput(
            f"unknown scopes: {', '.join(unknown) or '(none given)'}",
            hint=f"the scopes are {', '.join(SCOPES)}",
        )
    return _store(context, name, tuple(dict.fromkeys(scopes)), expires_at)


def _store(
    context: Context, name: str, scopes: tuple[str, ...], expires_at: float | None
) -> NewToken:
    text = PREFIX + secrets.token_urlsafe(32)
    token_id = new_id("token")
    with context.database.writing() as connection:
        tokens.add(
            connection,
            StoredToken(token_id, name, _digest(text), scopes, "default", 0.0, expires_at),
        )
    return NewToken(token_id, text, scopes, expires_at)


def adopt_token(context: Context, name: str, text: str, scopes: Sequence[str] = SCOPES) -> None:
    """Make sure that a token whose text is already known (the data folder's) is valid."""
    with context.database.writing() as connection:
        if tokens.find(connection, _digest(text)) is None:
            stored = StoredToken(
                new_id("token"), name, _digest(text), tuple(scopes), "default", 0.0
            )
            tokens.add(connection, stored)


def known_principal(context: Context, text: str) -> Principal | None:
    """Whoever held this token within the last CACHE_SECONDS; asks no database, so never waits."""
    known = _cache.get((id(context.database), _digest(text)))
    if known is not None and time.monotonic() - known[0] < CACHE_SECONDS:
        return known[1]
    return None


def find_principal(context: Context, text: str) -> Principal | None:
    """Whoever holds this token, asking the database and remembering it."""
    digest = _digest(text)
    key = (id(context.database), digest)
    now = time.monotonic()
    found = _look_up(context, digest)
    if found is None:
        _cache.pop(key, None)
        return None
    _cache[key] = (now, found)
    return found


def _look_up(context: Context, digest: str) -> Principal | None:
    with context.database.reading() as connection:
        stored = tokens.find(connection, digest)
    if stored is None or stored.name == _CODE:
        return None
    if time.time() - (stored.last_used_at or 0.0) > TOUCH_SECONDS:
        with context.database.writing() as connection:
            tokens.touch(connection, stored.id)
    return Principal(stored.id, stored.name, stored.scopes, stored.project)


def list_tokens(context: Context) -> list[StoredToken]:
    """All valid tokens but sign-in codes; never their text."""
    with context.database.reading() as connection:
        return [token for token in tokens.listed(connection) if token.name != _CODE]


def has_tokens(context: Context) -> bool:
    """Whether any token is valid: a server bound beyond loopback refuses to start without one."""
    return bool(list_tokens(context))


def revoke_token(context: Context, token_id: str) -> None:
    """Revoke at once. Raises MissingObject."""
    with context.database.writing() as connection:
        if not tokens.revoke(connection, token_id):
            raise MissingObject(f"no valid token has the id {token_id}", hint="paceline token ls")
    _cache.clear()


def create_code(context: Context, caller: Principal) -> NewToken:
    """A one-time code that a browser exchanges for a session with the caller's reading rights."""
    del caller  # a session only reads, whoever asked for it
    return _store(context, _CODE, ("studies:read",), time.time() + CODE_SECONDS)


def exchange_code(context: Context, code: str) -> NewToken:
    """A session for a code, once. Raises Unauthenticated on a used, unknown or expired one."""
    with context.database.writing() as connection:
        stored = tokens.find(connection, _digest(code))
        if stored is None or stored.name != _CODE or not tokens.revoke(connection, stored.id):
            raise Unauthenticated(
                "this sign-in link was used already or has expired",
                hint="ask for a new one: paceline study show STUDY --open",
            )
    return _store(context, "browser session", stored.scopes, time.time() + SESSION_SECONDS)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
