"""What a scenario measured: a line of JSON in the file that `make chaos` makes a table of."""

import json
import os
from pathlib import Path
from typing import Any

NAME = "PACELINE_TEST_CHAOS_FIGURES"


def record(scenario: str, **figures: Any) -> None:  # Any: numbers, or words for people
    """Add a row to the table; without a file nobody asked for it."""
    file = os.environ.get(NAME)
    if not file:
        return
    line = json.dumps({"scenario": scenario, **figures}) + "\n"
    with Path(file).open("a") as out:
        out.write(line)
