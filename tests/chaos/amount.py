"""How much a test does: a part that fits every `make test`, or all of it in `make chaos`."""

import os

WHOLE = os.environ.get("PACELINE_TEST_CHAOS") == "full"


def amount(*, full: int, part: int) -> int:
    """How many faults to throw in this run."""
    return full if WHOLE else part
