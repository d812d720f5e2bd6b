"""Migrations from Python: bring a database to head, and tell whether it is there."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import app
from app.db.database import Database

FOLDER = Path(app.__file__).resolve().parents[1] / "migrations"


def configuration(database_url: str) -> Config:
    """Alembic's configuration, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    return config


def upgrade(database_url: str) -> None:
    """Bring the schema to head; safe to repeat."""
    command.upgrade(configuration(database_url), "head")


def check(database_url: str) -> None:
    """Raises alembic.util.CommandError if the tables in code and the migrated schema differ."""
    command.check(configuration(database_url))


def is_at_head(database: Database) -> bool:
    """Whether the schema is the one this version was written for."""
    heads = set(ScriptDirectory.from_config(configuration(database.url)).get_heads())
    with database.reading() as connection:
        return set(MigrationContext.configure(connection).get_current_heads()) == heads
