"""Tokens at rest: digests only."""

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from app.db.tables import tokens
from app.db.types import now_seconds


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A token as it is kept; `digest` is SHA-256 of what the holder presents."""

    id: str
    name: str
    digest: str
    scopes: tuple[str, ...]
    project: str
    created_at: float
    expires_at: float | None = None
    last_used_at: float | None = None


_COLUMNS = (
    tokens.c.id,
    tokens.c.name,
    tokens.c.digest,
    tokens.c.scopes,
    tokens.c.project,
    tokens.c.created_at,
    tokens.c.expires_at,
    tokens.c.last_used_at,
)
_VALID = tokens.c.revoked_at.is_(None) & (
    tokens.c.expires_at.is_(None) | (tokens.c.expires_at > now_seconds())
)


def add(connection: Connection, token: StoredToken) -> None:
    """Store a new token."""
    connection.execute(
        insert(tokens).values(
            id=token.id,
            name=token.name,
            digest=token.digest,
            scopes=list(token.scopes),
            project=token.project,
            created_at=now_seconds(),
            expires_at=token.expires_at,
        )
    )


def find(connection: Connection, digest: str) -> StoredToken | None:
    """The valid token with that digest."""
    row = connection.execute(
        select(*_COLUMNS).where(tokens.c.digest == digest, _VALID)
    ).one_or_none()
    return StoredToken(**{**row._mapping, "scopes": tuple(row.scopes)}) if row else None


def listed(connection: Connection) -> list[StoredToken]:
    """All valid tokens, oldest first."""
    rows = connection.execute(select(*_COLUMNS).where(_VALID).order_by(tokens.c.created_at)).all()
    return [StoredToken(**{**row._mapping, "scopes": tuple(row.scopes)}) for row in rows]


def touch(connection: Connection, token_id: str) -> None:
    """Note the use of a token."""
    connection.execute(
        update(tokens).where(tokens.c.id == token_id).values(last_used_at=now_seconds())
    )


def revoke(connection: Connection, token_id: str) -> bool:
    """Whether there was a valid token to revoke."""
    done = connection.execute(
        update(tokens).where(tokens.c.id == token_id, _VALID).values(revoked_at=now_seconds())
    )
    return done.rowcount > 0
