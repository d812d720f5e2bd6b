"""A copy of an SQLite database that is in use: whole, of one moment, and nobody waits for it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import make_url

PAGES_A_TURN = 1000  # between two turns others may write; what they change is copied again


def copy_sqlite(url: str, file: Path) -> int:
    """Copy the database to `file`, which appears when it is whole; its size in bytes."""
    source = str(make_url(url).database)
    draft = file.with_name(f".{file.name}.draft")
    draft.unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(source, timeout=30)) as used,
        closing(sqlite3.connect(draft)) as new,
    ):
        used.backup(new, pages=PAGES_A_TURN)
        new.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
    draft.replace(file)
    return file.stat().st_size
