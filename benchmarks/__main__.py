"""Runs every benchmark on one private, durable PostgreSQL and prints one table; `--write` keeps it
in RESULTS.md."""

import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import counts, ingestion, life_cycle, status_poll
from benchmarks.service import fresh_database, serving
from benchmarks.table import Row, render
from tests.support.postgres import running_postgres

RESULTS = Path(__file__).parent / "RESULTS.md"


def main() -> None:
    """Measure, print, and keep the table if asked."""
    rows: list[Row] = []
    with running_postgres(is_durable=True) as server:
        rows += counts.measure(server)
        with fresh_database(server) as url, serving(url) as service:
            rows += life_cycle.measure(server, service)
            rows += ingestion.measure(server, service)
            rows += status_poll.measure(server, service)
    table = render(rows)
    sys.stdout.write(table + "\n")
    if "--write" in sys.argv:
        RESULTS.write_text(f"# Benchmarks\n\n{_preface()}\n\n{table}\n")


def _preface() -> str:
    day = datetime.now(UTC).date().isoformat()
    return (
        f"`make bench ARGS=--write` on {day}, Python {platform.python_version()}, two cores, "
        "PostgreSQL with its default durability. Every ratio is of figures taken in the same run; "
        "on a shared machine only ratios of 5x and more mean anything."
    )


main()
