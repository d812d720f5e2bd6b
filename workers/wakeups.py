"""How idle slots wait for work: a wake-up counter that a broker's messages raise."""

import threading


class WakeUps:
    """Any number of slots wait; each sees every wake-up that came since it last looked."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._count = 0

    @property
    def count(self) -> int:
        return self._count

    def ring(self) -> None:
        with self._condition:
            self._count += 1
            self._condition.notify_all()

    def wait(self, seen: int, timeout_seconds: float) -> int:
        """The count, as soon as it differs from `seen` or the time is over."""
        with self._condition:
            self._condition.wait_for(lambda: self._count != seen, timeout_seconds)
            return self._count
