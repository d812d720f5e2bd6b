"""The schema: made by the migrations alone, equal to the tables in code, refused when it is not at
head."""

from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from app.api.app import create_app
from app.db import migrate
from app.db.database import Database
from app.db.tables import metadata
from app.domain.errors import WrongState
from app.main import api_server, create_conductor
from app.services.context import Context
from app.settings import Settings


def test_the_migrations_make_what_the_code_declares(database_url: str) -> None:
    migrate.check(database_url)
    database = Database(database_url)
    assert set(inspect(database.engine).get_table_names()) == {*metadata.tables, "alembic_version"}
    database.close()


def test_upgrading_twice_changes_nothing(blank_database_url: str) -> None:
    migrate.upgrade(blank_database_url)
    migrate.upgrade(blank_database_url)
    migrate.check(blank_database_url)


def test_there_is_one_head() -> None:
    scripts = ScriptDirectory.from_config(migrate.configuration("sqlite://"))
    assert len(scripts.get_heads()) == 1
    for file in Path(scripts.versions).glob("2*.py"):
        assert file.name[:15].replace("_", "").isdigit(), f"{file.name}: YYYY_MM_DD_HHMM_slug.py"


def test_a_server_refuses_a_schema_that_is_not_at_head(database_url: str) -> None:
    database = Database(database_url)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'an_older_one'"))
    context = Context(database, Settings(database_url=database_url))
    for start in (api_server, create_conductor):
        with pytest.raises(WrongState, match="schema") as refused:
            start(context)
        assert "paceline db upgrade" in refused.value.hint
    assert create_app(context) is not None  # only serving is refused; /readyz can say why
    database.close()
