"""Fixtures: a world of the test's own, and the seed that plays a scenario again."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos import figures
from tests.chaos.means import left_out, not_collected
from tests.chaos.seeds import NAME, draw_seed
from tests.chaos.world import World, make_world
from tests.contract.conftest import lab, postgres_lab

__all__ = ["lab", "postgres_lab"]  # the service alone, whose workers the test plays
collect_ignore = not_collected()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What this machine has no means for is said where the result is read."""
    for name, why in left_out().items():
        terminalreporter.write_line(f"LEFT OUT: tests/chaos/{name}: {why}", yellow=True)
        figures.record(f"LEFT OUT: {name}", because=why)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """PostgreSQL and Redis stand, nothing of ours is started yet."""
    with make_world(tmp_path) as world:
        yield world


@pytest.fixture
def seed() -> int:
    """The number that all chance of a scenario comes from; a failure shows it."""
    seed = draw_seed()
    print(f"to play this again: {NAME}={seed} pytest {os.environ['PYTEST_CURRENT_TEST']}")  # noqa: T201 - pytest shows it with a failure
    return seed
