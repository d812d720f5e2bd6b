"""What the model knows: studies, trials, attempts as plain records, in the contract's words."""

import math
from dataclasses import dataclass, field

HORIZON = 8
LEASE, SWEEP, GRACE = 10_250.0, 1_125.0, 250.0
TIMEOUT = 500.0  # of a trial on a GPU
JUMPS = (1_500.0, 4_000.0, 11_000.0)  # their sums stay 125 s away from every time that matters
LIVE = ("leased", "running")
FREE_INTERRUPTIONS = 3  # of a trial, before the next ones make it wait
WORKERS, ALONE = ("w1", "w2", "w3"), "w3"  # the last one does not share the store


@dataclass
class Saved:
    """A checkpoint of an attempt."""

    attempt: str
    worker: str
    step: int
    value: float | None
    is_forgotten: bool = False


@dataclass
class Attempt:
    """One execution of a trial; `curve`: what it reported, by step."""

    id: str
    trial: "Trial"
    place: tuple[str, str]  # worker and slot
    token: str
    number: int = 0
    start_step: int = 0
    started_at: float = 0.0
    lease_until: float = 0.0
    reserved_steps: int = 0
    reserved_seconds: float = 0.0
    resumed: Saved | None = None
    state: str = "leased"
    reason: str | None = None
    last_step: int = 0
    is_marked: bool = False
    heard_until: float | None = None  # marked, but its worker came back: nobody takes it before
    curve: dict[int, float] = field(default_factory=dict)

    @property
    def is_live(self) -> bool:
        return self.state in LIVE


@dataclass
class Trial:
    """One point; `lineage`: which attempt's steps count, as (attempt, from, to or None)."""

    id: str
    study: "Study"
    number: int
    state: str = "waiting"
    reason: str | None = None
    censored: bool = False
    failures: int = 0
    not_before: float = 0.0
    last_step: int = 0
    lineage: list[tuple[Attempt, int, int | None]] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    saved: list[Saved] = field(default_factory=list)

    @property
    def holder(self) -> Attempt | None:
        """The attempt that may write."""
        return next((one for one in self.attempts if one.is_live), None)

    @property
    def curve(self) -> dict[int, float]:
        """What counts, by step."""
        return {
            step: value
            for attempt, first, last in self.lineage
            for step, value in sorted(attempt.curve.items())
            if first <= step and (last is None or step <= last)
        }

    @property
    def best(self) -> tuple[int, float] | None:
        """The earliest of the best finite values."""
        finite = [(v, s) for s, v in self.curve.items() if abs(v) < float("inf")]
        return min(finite)[::-1] if finite else None

    def must_wait(self, ended: str) -> bool:
        """Whether nobody may claim it for a while: it failed, or was interrupted too often."""
        interruptions = sum(one.state in ("lost", "preempted") for one in self.attempts)
        return ended == "failed" or interruptions > FREE_INTERRUPTIONS

    def counts(self, saved: Saved) -> bool:
        """Whether a checkpoint lies on the lineage."""
        return any(
            attempt.id == saved.attempt
            and first <= saved.step
            and (last is None or saved.step <= last)
            for attempt, first, last in self.lineage
        )


@dataclass
class Study:
    """A study with one round; `spent_seconds` of GPUs is known up to the time that tests take."""

    id: str
    priority: int
    concurrency: int | None
    gpus: int
    is_resumable: bool
    max_attempts: int
    steps_limit: int | None
    seconds_limit: float | None
    state: str = "active"
    is_spent: bool = False
    most_running: int = 0  # more than a lowered concurrency allows: those run on
    round_state: str = "open"
    trials: list[Trial] = field(default_factory=list)
    steps_spent: int = 0
    steps_lost: int = 0
    spent_seconds: float = 0.0
    overrun_seconds: float = 0.0

    @property
    def attempts(self) -> list[Attempt]:
        return [attempt for trial in self.trials for attempt in trial.attempts]

    @property
    def steps_reserved(self) -> int:
        return sum(one.reserved_steps for one in self.attempts if one.is_live)

    @property
    def seconds_reserved(self) -> float:
        return sum(one.reserved_seconds for one in self.attempts if one.is_live)

    @property
    def running(self) -> int:
        return sum(trial.state == "running" for trial in self.trials)

    @property
    def is_active(self) -> bool:
        return self.state == "active"

    @property
    def has_room(self) -> bool:
        return self.concurrency is None or self.running < self.concurrency

    @property
    def is_counted(self) -> bool:
        """Whether the end of one attempt may make room for another."""
        limits = (self.concurrency, self.steps_limit, self.seconds_limit)
        return any(limit is not None for limit in limits)

    def holds(self, steps: int, seconds: float) -> bool:
        """Whether a reservation fits what is left."""
        all_seconds = self.spent_seconds + self.seconds_reserved + seconds
        return self.holds_steps(steps) and (
            self.seconds_limit is None or all_seconds <= self.seconds_limit
        )

    def holds_steps(self, steps: int) -> bool:
        all_steps = self.steps_spent + self.steps_reserved + steps
        return self.steps_limit is None or all_steps <= self.steps_limit


def reserved_seconds(study: Study) -> float:
    return study.gpus * (TIMEOUT + GRACE + LEASE)


def is_readable(saved: Saved, worker: str) -> bool:
    """A worker without the shared store reads its own, and nobody else reads those."""
    return saved.worker == worker or ALONE not in (saved.worker, worker)


def is_same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))
