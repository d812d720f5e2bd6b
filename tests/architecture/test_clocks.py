"""A wall clock may jump by a day, so nothing is measured with one: leases go by the database's
clock, deadlines by the monotonic or the boot-time clock of the machine.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WALL_CLOCKS = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "date.today"}
WALL_CLOCK_ID = "time.CLOCK_REALTIME"
# People's sessions, a token's last use, an identifier's stamp, and `doctor`, which compares wall
# clocks: no lease or deadline depends on it.
ALLOWED = {"app/services/tokens.py", "app/db/identifiers.py", "workers/checks/clock.py"}
FILES = sorted(
    file
    for package in ("app", "workers", "paceline")
    for file in (ROOT / package).rglob("*.py")
    if file.relative_to(ROOT).as_posix() not in ALLOWED
)


def wall_clocks_in(tree: ast.AST) -> list[str]:
    """Each look at a wall clock, with its line."""
    return [
        f"line {node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and is_wall_clock(ast.unparse(node))
    ]


def is_wall_clock(name: str) -> bool:
    two_words = ".".join(name.split(".")[-2:])
    return two_words in WALL_CLOCKS or two_words == WALL_CLOCK_ID


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_nothing_is_measured_with_a_wall_clock(file: Path) -> None:
    assert not wall_clocks_in(ast.parse(file.read_text()))


@pytest.mark.parametrize("look", ["time.time()", "datetime.datetime.now(tz=UTC)", "date.today()"])
def test_a_look_at_a_wall_clock_is_seen(look: str) -> None:
    assert wall_clocks_in(ast.parse(f"x = {look}"))


def test_a_monotonic_clock_is_none() -> None:
    assert not wall_clocks_in(ast.parse("x = time.monotonic() + time.clock_gettime(CLOCK)"))
