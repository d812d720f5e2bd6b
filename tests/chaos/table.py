"""`python -m tests.chaos.table FIGURES`: the figures of a run as a table, printed, and written into
the documentation between its two markers.
"""

import json
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Row = dict[str, Any]  # figures: numbers and words
PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
COLUMNS = ("scenario", "faults", "trials", "attempts", "lost", "doubled")


def main(file: str) -> None:
    """Print the table and put it into the page."""
    lines = Path(file).read_text().splitlines() if Path(file).exists() else []
    if not lines:
        sys.exit(f"{file} holds no figures: did the run stop before a scenario ended?")
    table = render([json.loads(line) for line in lines])
    sys.stdout.write(table + "\n")
    head, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, tail = rest.partition(END)
    PAGE.write_text(f"{head}{BEGIN}\n{table}\n{END}{tail}")


def render(rows: list[Row]) -> str:
    """One line a scenario; what is not a common column is said in words at its end."""
    head = ["| " + " | ".join((*COLUMNS, "more")) + " |", "| - " * (len(COLUMNS) + 1) + "|"]
    body = [_line(row) for row in sorted(rows, key=lambda row: str(row["scenario"]))]
    when = datetime.now(tz=UTC).date().isoformat()
    where = f"Python {platform.python_version()}, {platform.machine()}"
    return "\n".join([f"Run of {when}, {where}.", "", *head, *body])


def _line(row: Row) -> str:
    known = [str(row.get(column, "")) for column in COLUMNS]
    more = ", ".join(f"{key.replace('_', ' ')} {row[key]}" for key in row if key not in COLUMNS)
    return "| " + " | ".join([*known, more]) + " |"


if __name__ == "__main__":
    main(sys.argv[1])
