"""When an expired lease may be taken over: not while the nodes could not have been heard."""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.states import AttemptState, StudyState


class Command(StrEnum):
    """What a heartbeat answers: go on; checkpoint and end; end at once."""

    CONTINUE = "continue"
    STOP = "stop"
    CANCEL = "cancel"


class WorkerState(StrEnum):
    """active: claims. cordoned: claims nothing new. draining: nor does it finish what it runs."""

    ACTIVE = "active"
    CORDONED = "cordoned"
    DRAINING = "draining"


@dataclass(frozen=True, slots=True)
class Timing:
    """The settings of contract section 7 that decide about leases."""

    lease_seconds: float
    sweep_seconds: float


@dataclass(frozen=True, slots=True)
class Watch:
    """Who was there, and when (epoch seconds by the database's clock; None: never)."""

    last_sweep_at: float | None = None
    api_seen_at: float | None = None
    quiet_until: float = 0.0  # nodes that come back after an outage are heard first


def is_quiet(watch: Watch, now: float, timing: Timing) -> bool:
    """Whether nothing may be marked and no marked attempt claimed (design, "Leases")."""
    return now < watch.quiet_until or _is_api_away(watch, now, timing)


def quiet_after_api(watch: Watch, now: float, timing: Timing) -> float:
    """`quiet_until` once an API process says that it is there: a lease on, if none was before."""
    if _is_api_away(watch, now, timing):
        return max(watch.quiet_until, now + timing.lease_seconds)
    return watch.quiet_until


def quiet_after_sweep(watch: Watch, now: float, timing: Timing) -> float:
    """`quiet_until` once a sweep starts: a lease on, if the one before is over a lease ago."""
    last = watch.last_sweep_at
    if last is None or now - last > timing.lease_seconds:
        return max(watch.quiet_until, now + timing.lease_seconds)
    return watch.quiet_until


def _is_api_away(watch: Watch, now: float, timing: Timing) -> bool:
    return watch.api_seen_at is None or now - watch.api_seen_at > 2 * timing.sweep_seconds


def command_for(
    attempt: AttemptState, study: StudyState, worker: WorkerState | None, *, is_stopped: bool
) -> Command:
    """What a heartbeat of an attempt is told."""
    if attempt is AttemptState.CANCELLED or study is StudyState.CANCELLED:
        return Command.CANCEL
    if is_stopped or study is StudyState.PAUSED or worker is WorkerState.DRAINING:
        return Command.STOP
    return Command.CONTINUE
