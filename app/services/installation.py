"""What a node compares itself with: the mark of this installation. The API's store carries the
nonce that the mark is made of, the broker the mark itself."""

from hashlib import sha256

from app.db import service_state
from app.services.context import Context


def installation_mark(context: Context) -> str | None:
    """The same in every process of this installation; None until an API was here."""
    with context.database.reading() as connection:
        nonce = service_state.text_of(connection, "store_nonce")
    return None if nonce is None else sha256(nonce.encode()).hexdigest()
