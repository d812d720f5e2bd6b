"""Runs every benchmark on one private, durable PostgreSQL and prints one table."""

import argparse
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import (
    claims,
    counts,
    curves,
    ingestion,
    life_cycle,
    reviews,
    search_cost,
    status_poll,
    turnaround,
    wake_up,
)
from benchmarks.service import fresh_database, serving
from benchmarks.table import Row, render
from tests.support.postgres import running_postgres

RESULTS = Path(__file__).parent / "RESULTS.md"


def main() -> None:
    """Measure, print, and keep the table if asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep the table in RESULTS.md")
    is_kept = parser.parse_args().write
    rows: list[Row] = []
    with running_postgres(is_durable=True) as server:
        rows += counts.measure(server)
        with fresh_database(server) as url, serving(url) as service:
            with serving(url) as second:
                rows += life_cycle.measure(server, service, second)
            rows += claims.measure(server, service)
            rows += ingestion.measure(server, service)
            rows += curves.measure(server, service)
            rows += status_poll.measure(server, service)
            rows += turnaround.measure(service)
        rows += wake_up.measure()
        rows += reviews.measure(server)
    rows += search_cost.measure()
    table = render(rows)
    sys.stdout.write(table + "\n")
    if is_kept:
        RESULTS.write_text(f"# Benchmarks\n\n{_preface()}\n\n{table}\n")


def _preface() -> str:
    day = datetime.now(UTC).date().isoformat()
    return (
        f"`make bench ARGS=--write` on {day}, Python {platform.python_version()}, "
        f"{os.cpu_count()} cores, PostgreSQL with its default durability, one API process unless "
        "the row says two. The peer is Optuna on the same PostgreSQL unless the row names another. "
        "Every ratio is of figures taken in the same run; on a shared machine only ratios of 5x "
        "and more mean anything. The workers of the life cycle and of the claims are processes "
        "with a client of the standard library, so that the server is measured."
    )


if __name__ == "__main__":  # the players start from here, too
    main()
