"""A thread that serves one attempt: its log lines carry the ids that were bound where it began."""

import threading
from contextvars import copy_context


class AttemptThread(threading.Thread):
    """Override `work`. Threads begin with an empty context; this one takes its maker's along."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._log_context = copy_context()

    def run(self) -> None:
        self._log_context.run(self.work)

    def work(self) -> None:
        """What the thread is for."""
        raise NotImplementedError
