"""Fresh databases for tests, each a copy of one that the real migrations made once a session."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.postgres import create_database, drop_database


def migrate(url: str) -> None:
    """Bring a database to the newest schema, as `paceline db upgrade` does."""
    from app.db.migrate import upgrade  # noqa: PLC0415 - start-up: the unit tests need no SQLAlchemy

    upgrade(url)


def sqlite_url(file: Path) -> str:
    """Spell the URL of a SQLite file."""
    return f"sqlite:///{file}"


def new_name() -> str:
    """Name a database that no other test, session or process uses."""
    return f"paceline_test_{uuid.uuid4().hex[:16]}"


def copy_of_sqlite(template: Path, folder: Path) -> str:
    """Copy the migrated file into `folder` and return the copy's URL."""
    return sqlite_url(Path(shutil.copy(template, folder / "paceline.db")))


def migrated_sqlite(folder: Path) -> Path:
    """Migrate an empty SQLite file and fold its log away, so that copying the file is enough."""
    file = folder / "template.db"
    migrate(sqlite_url(file))
    leftovers = [name.name for name in folder.iterdir() if name != file]
    assert not leftovers, f"the migrations left connections open: {leftovers}"
    return file


@contextmanager
def migrated_postgres(server_url: str) -> Iterator[str]:
    """Yield the name of a migrated database that serves as template for copies."""
    with postgres_database(server_url) as url:
        migrate(url)
        yield url.rsplit("/", 1)[1].split("?")[0]


@contextmanager
def postgres_database(server_url: str, template: str = "template0") -> Iterator[str]:
    """Yield the URL of a new database, dropped at the block's end."""
    name = new_name()
    try:
        yield create_database(server_url, name, template)
    finally:
        drop_database(server_url, name)
