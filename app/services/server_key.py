"""The server's key: made once, kept in the database, read once a process."""

import secrets
from weakref import WeakKeyDictionary

from app.db import service_state
from app.db.database import Database
from app.services.context import Context

_keys: "WeakKeyDictionary[Database, bytes]" = WeakKeyDictionary()


def server_key(context: Context) -> bytes:
    """What the attempts' tokens are made with; PACELINE_SECRET_KEY beats the stored one."""
    if context.settings.secret_key:
        return context.settings.secret_key.encode()
    key = _keys.get(context.database)
    if key is None:
        with context.database.writing() as connection:
            text = service_state.text_once(connection, "secret_key", secrets.token_hex(32))
        key = _keys[context.database] = text.encode()
    return key
