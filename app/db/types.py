"""Column types and the database's own clock, the same on SQLite and PostgreSQL.

Times are stored as epoch seconds (UTC, double precision): leases are compared and extended by the
database's clock
in plain arithmetic on both engines, and no driver can lose a time zone. The API renders them as
RFC 3339.
"""

from sqlalchemy import JSON, Double
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

# Not JSONB: it reorders keys, and the order of the parameters is the order of the sampler's
# dimensions.
Json = JSON(none_as_null=True)


class now_seconds(FunctionElement[float]):  # noqa: N801 - named like the SQL function it renders
    """The database's clock, now (not the transaction's start), as epoch seconds."""

    type = Double()
    inherit_cache = True


@compiles(now_seconds, "postgresql")
def _postgresql_now(_element: object, _compiler: object, **_options: object) -> str:
    return "extract(epoch from clock_timestamp())::double precision"


@compiles(now_seconds, "sqlite")
def _sqlite_now(_element: object, _compiler: object, **_options: object) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"
