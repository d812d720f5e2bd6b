"""Budget as a constraint: what a claim reserves, what an end settles, when the limit is spent."""

from dataclasses import dataclass

from app.domain.states import AttemptState
from app.domain.studies import Job
from app.domain.trials import Attempt

SPEED_MARGIN = 1.5  # of the time that the study's median speed foretells


@dataclass(frozen=True, slots=True)
class Reservation:
    """What a claim sets aside. `gpu_seconds` None: not foreseeable, so all that is left."""

    steps: int
    gpu_seconds: float | None


@dataclass(frozen=True, slots=True)
class Settlement:
    """What an attempt's end gives back and books."""

    reserved_steps: int
    reserved_gpu_seconds: float
    spent_steps: int
    lost_steps: int
    used_gpu_seconds: float

    @property
    def overrun_gpu_seconds(self) -> float:
        """Use beyond the reservation; outside the limit, so that an end can always be settled."""
        return max(0.0, self.used_gpu_seconds - self.reserved_gpu_seconds)


@dataclass(frozen=True, slots=True)
class Room:
    """What is left of a study's limits (None: no limit)."""

    steps: int | None
    gpu_seconds: float | None

    def holds(self, wanted: Reservation) -> bool:
        """Whether the reservation fits."""
        fits_steps = self.steps is None or wanted.steps <= self.steps
        if self.gpu_seconds is None or wanted.gpu_seconds == 0:
            return fits_steps
        needed = wanted.gpu_seconds
        fits_gpu = self.gpu_seconds > 0 if needed is None else needed <= self.gpu_seconds
        return fits_steps and fits_gpu


def smaller_room(one: Room, other: Room) -> Room:
    """What both leave."""
    steps = [steps for steps in (one.steps, other.steps) if steps is not None]
    seconds = [left for left in (one.gpu_seconds, other.gpu_seconds) if left is not None]
    return Room(min(steps, default=None), min(seconds, default=None))


def room_after(room: Room, settled: Settlement) -> Room:
    """What is left once an attempt that holds a reservation is settled."""
    steps, seconds = room.steps, room.gpu_seconds
    if steps is not None:
        steps += settled.reserved_steps - settled.spent_steps
    if seconds is not None:
        used = min(settled.used_gpu_seconds, settled.reserved_gpu_seconds)
        seconds += settled.reserved_gpu_seconds - used
    return Room(steps, seconds)


def reservation(
    job: Job | str, horizon_steps: int, start_step: int, speed: float | None, slack_seconds: float
) -> Reservation:
    """What a claim must set aside; `speed` = seconds per step, `slack_seconds` = grace + lease."""
    steps = horizon_steps - start_step
    if not isinstance(job, Job) or job.gpus == 0:
        return Reservation(steps, 0.0)
    if job.timeout_seconds is not None:
        return Reservation(steps, job.gpus * (job.timeout_seconds + slack_seconds))
    if speed is None:
        return Reservation(steps, None)
    return Reservation(steps, job.gpus * (horizon_steps * speed * SPEED_MARGIN + slack_seconds))


def settle(attempt: Attempt, state: AttemptState, gpus: int, now: float, kept: int) -> Settlement:
    """The books at an attempt's end. `kept`: its last checkpoint's step; what a lost attempt did
    beyond it is lost, and outside the user's limit."""
    done = max(0, attempt.last_step - attempt.start_step)
    useful = done
    if state is AttemptState.LOST:
        useful = min(done, max(0, kept - attempt.start_step))
    until = min(now, attempt.lease_expires_at) if state is AttemptState.LOST else now
    return Settlement(
        reserved_steps=attempt.reserved_steps,
        reserved_gpu_seconds=attempt.reserved_gpu_seconds,
        spent_steps=min(useful, attempt.reserved_steps),
        lost_steps=done - useful,
        used_gpu_seconds=gpus * max(0.0, until - attempt.started_at),
    )
