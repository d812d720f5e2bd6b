"""The frame of every request while the database has trouble: a transaction refused beside another
one is tried once more, a database that is away becomes 503, one
that is full 507."""

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors import no_room, unavailable
from app.db.trouble import DatabaseFull, DatabaseTrouble, TransactionRefused

log = structlog.get_logger()

TRIES = 2


class DatabaseTroubles:
    """Tries again by running the request again: its body is kept in its state (body.py)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def send_and_note(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        scope.setdefault("state", {})  # shared by the tries
        for left in reversed(range(TRIES)):
            try:
                await self._app(dict(scope), receive, send_and_note)
            except DatabaseTrouble as trouble:
                if has_begun:
                    raise
                told = {"path": scope["path"], "error": str(trouble)}
                if isinstance(trouble, TransactionRefused) and left:
                    log.info("transaction refused, trying again", **told)
                    continue
                log.warning("the database has trouble", **told)
                answer = no_room if isinstance(trouble, DatabaseFull) else unavailable
                await answer()(scope, receive, send)
            return
