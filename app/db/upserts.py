"""INSERT ... ON CONFLICT, spelled alike for both databases."""

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

UpsertInsert = postgresql.Insert | sqlite.Insert


def upsert(connection: Connection, table: Table) -> UpsertInsert:
    """An INSERT into `table` that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return upsert_of(connection.dialect.name, table)


def upsert_of(dialect: str, table: Table) -> UpsertInsert:
    """The same, for a statement that is built once a dialect and kept."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
