"""Scenes played at one exact moment inside a transaction, so that a race is no matter of chance."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import event

from tests.contract.lab import Lab


@contextmanager
def just_before(lab: Lab, *scenes: tuple[str, Callable[[], object]]) -> Iterator[None]:
    """Play the scenes in order, each before the first statement from there on that has its words.

    Statements of the scenes themselves do not count.
    """
    left, playing = list(scenes), threading.Event()

    def look(connection: object, cursor: object, statement: str, *rest: object) -> None:
        del connection, cursor, rest
        if left and not playing.is_set() and left[0][0] in " ".join(statement.split()):
            playing.set()
            left.pop(0)[1]()
            playing.clear()

    engine = lab.context.database.engine
    event.listen(engine, "before_cursor_execute", look)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", look)
    assert not left, f"the moment before {left[0][0]!r} never came"
