"""Servers that cannot start: one sentence and what to do, never a traceback or a password."""

import pytest

from tests.e2e.processes import Fleet
from tests.e2e.terminal import CONFLICT, UNREACHABLE, USAGE, Terminal

pytestmark = pytest.mark.slow
NOBODY = "postgresql://paceline:secret@127.0.0.1:1/paceline"


@pytest.mark.parametrize(
    ("code", "words", "said"),
    [
        (UNREACHABLE, ("db", "upgrade", "--database-url", NOBODY), "database does not answer"),
        (UNREACHABLE, ("api", "--database-url", NOBODY), "--database-url names it"),
        (UNREACHABLE, ("conductor", "--database-url", NOBODY), "database does not answer"),
        (USAGE, ("api", "--database-url", "mysql://u:secret@h/d"), "postgresql:// or sqlite:///"),
        (CONFLICT, ("api", "--database-url", "sqlite:///empty.db"), "empty.db"),
        (USAGE, ("conductor", "--broker", "foo"), "redis://HOST:PORT/0"),
        (USAGE, ("worker", "--broker", "foo"), "redis://HOST:PORT/0"),
    ],
)
def test_a_server_that_cannot_start_says_why_in_words(
    fleet: Fleet, code: int, words: tuple[str, ...], said: str
) -> None:
    printed = Terminal(fleet, fleet.folder).fail(code, *words)
    assert said in printed
    assert "secret" not in printed
