"""Exit 0 if some conductor swept of late, by the database's clock: the conductor's health check.

Of several conductors one is busy and the others watch, so what counts is that the work is done.
"""

import sys

from app.db.database import Database
from app.db.service_state import watch
from app.settings import Settings

MISSED_SWEEPS = 6
LONGEST_DUTY_SECONDS = 60.0  # the review of a very large study comes between two sweeps


def complaint(settings: Settings) -> str | None:
    """What is wrong with the sweeping, if anything is."""
    database = Database(settings.resolved_database_url)
    try:
        with database.reading() as connection:
            seen, now = watch(connection)
    finally:
        database.close()
    limit = max(MISSED_SWEEPS * settings.sweep_seconds, LONGEST_DUTY_SECONDS)
    if seen.last_sweep_at is None:
        return "no conductor has swept yet"
    silence = now - seen.last_sweep_at
    return (
        f"the last sweep was {silence:.0f} s ago, at most {limit:.0f}" if silence > limit else None
    )


if __name__ == "__main__":
    sys.exit(complaint(Settings()))
