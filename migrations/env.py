"""Alembic's environment: online only, one transaction, with a lock timeout on PostgreSQL."""

from alembic import context

from app.db.database import Database
from app.db.tables import metadata

LOCK_TIMEOUT = "SET LOCAL lock_timeout = '10s'"
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(727431)"


def run() -> None:
    """Run the migrations on the database named by the configuration."""
    database = Database(context.config.get_main_option("sqlalchemy.url") or "")
    with database.writing() as connection:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=database.is_sqlite,
            transactional_ddl=True,
        )
        if not database.is_sqlite:
            connection.exec_driver_sql(ONE_AT_A_TIME)
            connection.exec_driver_sql(LOCK_TIMEOUT)
        with context.begin_transaction():
            context.run_migrations()
    database.close()


run()
