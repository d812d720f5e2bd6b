"""The loop: each duty at its own interval, one busy conductor at a time, woken early by the
bell."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars

from app.services.context import Context
from app.services.leadership import Leadership

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Duty:
    """Something that must be done again and again; idempotent, and safe to be interrupted
    anywhere."""

    name: str
    every_seconds: float
    run: Callable[[Context], object]


class Conductor:
    """Runs the duties until told to stop. Several may run: the one that leads is busy, the others
    watch."""

    def __init__(self, context: Context, duties: Sequence[Duty]) -> None:
        self._context = context
        self._duties = duties
        self._due = {duty.name: 0.0 for duty in duties}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self.run, name="conductor", daemon=True)

    def start(self) -> None:
        """Run in a thread of its own (`paceline up`)."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the duty at hand, then end."""
        self._stopping.set()
        self._context.bell.ring()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def run(self) -> None:
        """Run in this thread (`paceline conductor`) until `stop`."""
        with Leadership(self._context.database) as leadership:
            rang, led = True, None
            while not self._stopping.is_set():
                leads = leadership.is_held()
                if leads is not led:
                    log.info("this conductor leads" if leads else "another conductor leads")
                if leads:
                    self._round(everything=rang)
                led = leads
                rang = self._context.bell.wait(self._context.settings.tick_seconds)

    def _round(self, *, everything: bool) -> None:
        now = time.monotonic()
        for duty in self._duties:
            tick = self._context.settings.tick_seconds
            if now >= self._due[duty.name] or (everything and duty.every_seconds <= tick):
                self._do(duty)
                self._due[duty.name] = time.monotonic() + duty.every_seconds

    def _do(self, duty: Duty) -> None:
        clear_contextvars()  # the study that the duty before was busy with
        bind_contextvars(duty=duty.name)
        try:
            duty.run(self._context)
        except Exception as error:
            log.error("duty failed", exc_info=error)
