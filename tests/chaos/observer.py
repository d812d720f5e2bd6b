"""Watches the database while faults fall: what must hold at every moment, not only at the end.
It reads with a connection of its own and never speaks to the service.
"""

import threading
from dataclasses import dataclass, field

import psycopg

EVERY_SECONDS = 0.2
TERMINAL = ("completed", "diverged", "failed", "cancelled")
LIVE = ("leased", "running")

TRIALS = "SELECT id, state FROM trials"
ATTEMPTS = "SELECT id, trial_id, number, state, last_step FROM attempts ORDER BY trial_id, number"
BUDGETS = (
    "SELECT id, steps_limit, steps_spent + steps_reserved, gpu_seconds_limit,"
    " gpu_seconds_spent + gpu_seconds_reserved FROM studies"
)


@dataclass
class Observer:
    """Collects violations in words; `stop` ends it and returns them."""

    url: str
    violations: set[str] = field(default_factory=set)
    snapshots: int = 0

    def __post_init__(self) -> None:
        self._ended: dict[str, tuple[str, int]] = {}  # attempt -> how it ended
        self._terminal: dict[str, str] = {}  # trial -> state
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="observer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> set[str]:
        """One last look, then what was seen to be wrong."""
        self._stopping.set()
        if self._thread.ident is not None:  # a world may fail before it has begun
            self._thread.join(30)
        return self.violations

    def _run(self) -> None:
        while not self._stopping.wait(EVERY_SECONDS):
            self._try_to_look()
        self._try_to_look()

    def _try_to_look(self) -> None:
        try:
            with psycopg.connect(self.url, connect_timeout=3) as session:
                session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                self.look(session)
        except psycopg.Error:  # the database is what is down just now
            return

    def look(self, session: "psycopg.Connection[tuple[object, ...]]") -> None:
        """Compare one snapshot with what was seen before."""
        self.see_trials(dict(session.execute(TRIALS).fetchall()))  # type: ignore[arg-type]  # two words
        self.see_attempts(session.execute(ATTEMPTS).fetchall())  # type: ignore[arg-type]  # by ATTEMPTS
        self.see_budgets(session.execute(BUDGETS).fetchall())  # type: ignore[arg-type]  # by BUDGETS
        self.snapshots += 1

    def see_trials(self, states: dict[str, str]) -> None:
        """A trial that has ended stays as it ended."""
        for trial, ended in self._terminal.items():
            if states.get(trial) != ended:
                self.violations.add(f"terminal: trial {trial} was {ended}, is {states.get(trial)}")
        self._terminal |= {trial: state for trial, state in states.items() if state in TERMINAL}

    def see_attempts(self, rows: list[tuple[str, str, int, str, int]]) -> None:
        """One holder a trial; what ended stays as it ended and measures nothing more."""
        holders: dict[str, str] = {}
        for attempt, trial, _number, state, last_step in rows:
            if attempt in self._ended and self._ended[attempt] != (state, last_step):
                was = self._ended[attempt]
                self.violations.add(
                    f"writer: attempt {attempt} ended as {was}, later wrote {(state, last_step)}"
                )
            if state not in LIVE:
                self._ended[attempt] = (state, last_step)
            elif trial in holders:
                self.violations.add(f"writer: {holders[trial]} and {attempt} both hold {trial}")
            else:
                holders[trial] = attempt

    def see_budgets(self, rows: list[tuple[str, int | None, int, float | None, float]]) -> None:
        """What is spent and reserved stays within the limits."""
        for study, steps_limit, steps, seconds_limit, seconds in rows:
            if steps_limit is not None and steps > steps_limit:
                self.violations.add(f"budget: study {study} took {steps} of {steps_limit} steps")
            if seconds_limit is not None and seconds > seconds_limit + 0.01:
                self.violations.add(f"budget: study {study} took {seconds} of {seconds_limit} s")
