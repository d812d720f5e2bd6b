"""What every use case is given: the database, the settings, and a bell that wakes whoever waits in
this process."""

import threading
from dataclasses import dataclass, field

from app.db.database import Database
from app.settings import Settings


class Bell:
    """Rung after a commit that others may wait for; waiting on it is only ever a hint, the
    database decides."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.rings = 0  # for those who look now and then, and leave the event to the conductor

    def ring(self) -> None:
        self.rings += 1
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
