"""Whether this process can serve: the database answers and stands at the schema this version
wants."""

from app.db import migrate
from app.domain.errors import WrongState
from app.services.context import Context


def check_ready(context: Context) -> dict[str, str]:
    """What is ready. Raises WrongState naming the command that mends it."""
    if not migrate.is_at_head(context.database):
        raise WrongState(
            "the database's schema is not the one this version wants",
            hint="run: paceline db upgrade --database-url URL",
        )
    return {"database": "sqlite" if context.database.is_sqlite else "postgresql"}
