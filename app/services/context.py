"""What every use case is given: the database, the settings, and a bell that wakes whoever waits in
this process."""

import threading
from dataclasses import dataclass, field

from app.db.database import Database
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Bell:
    """Rung after a commit that others may wait for; waiting on it is only ever a hint, the
    database decides."""

    _event: threading.Event = field(default_factory=threading.Event)

    def ring(self) -> None:
        self._event.set()

    def wait(self, timeout_seconds: float) -> bool:
        """Whether it rang; the bell is silent again afterwards."""
        rang = self._event.wait(timeout_seconds)
        self._event.clear()
        return rang


@dataclass(frozen=True, slots=True)
class Context:
    """Passed first to every service function."""

    database: Database
    settings: Settings
    bell: Bell = field(default_factory=Bell)
