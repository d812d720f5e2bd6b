"""Taking a trial for a slot: which one, from which checkpoint, with what set aside."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any  # Any: JSON of the study's definition

from app import wire
from app.db import attempts, budget, claiming, total_budget, trials
from app.db.attempts import NewAttempt
from app.db.checkpoints import Reader
from app.db.claiming import Candidate, Doorstep, Wanted
from app.db.database import Connection
from app.db.identifiers import new_id
from app.db.trial_rows import best_columns, lineage_column, resume_column
from app.db.turns import MANY, Turn, turns_of
from app.domain.budget import Reservation, reservation
from app.domain.curves import continue_lineage
from app.domain.ids import AttemptId, StudyId, TrialId
from app.domain.leases import Timing, WorkerState, is_quiet
from app.domain.matching import can_run
from app.domain.reports import ClaimRequest
from app.domain.states import TrialState
from app.domain.studies import Job
from app.domain.trials import Start, Trial
from app.services.losing import lose_to_successor
from app.services.starting import Beginning, choose_start
from app.settings import Settings

_TRIES = 50  # of a study: candidates that turn out not to fit, in one claim


class RequestRepeated(Exception):
    """The request made its attempt in another transaction, meanwhile."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A trial that is now this attempt's."""

    attempt_id: AttemptId
    number: int
    trial: Trial
    definition: dict[str, Any]
    round_definition: dict[str, Any]
    resume: Start | None


@dataclass(frozen=True, slots=True)
class _Taking:
    """What stays the same while one claim tries candidates."""

    connection: Connection
    settings: Settings
    request: ClaimRequest
    reader: Reader
    takes_marked: bool
    is_limited: bool  # all studies together are


def take(
    connection: Connection, settings: Settings, request: ClaimRequest, door: Doorstep
) -> Taken | None:
    """The first candidate that fits, taken; None: nothing fits. Raises RequestRepeated."""
    if door.worker_state not in (None, WorkerState.ACTIVE):
        return None
    timing = Timing(settings.lease_seconds, settings.sweep_seconds)
    takes_marked = not is_quiet(door.watch, door.now, timing)
    reader = Reader(request.worker, door.shares_store)
    taking = _Taking(connection, settings, request, reader, takes_marked, door.is_limited)
    for turn in _in_order(connection, request, door):
        taken = _take_of_study(taking, turn)
        if taken is not None:
            return taken
    return None


def _in_order(connection: Connection, request: ClaimRequest, door: Doorstep) -> Iterator[Turn]:
    """Whose turn it is; more are asked for when those at hand were passed over."""
    turns, passed = settled_turns(door), frozenset[StudyId]()
    while turns:
        yield from turns
        passed |= {turn.study_id for turn in turns}
        is_last = len(turns) < MANY or _is_unsettled(door)
        turns = () if is_last else turns_of(connection, request, passed)


def settled_turns(door: Doorstep) -> tuple[Turn, ...]:
    """The turns that a predecessor's finish cannot change: what it gives back is for those who come
    first, so where it may make room the slot asks again afterwards."""
    predecessor = door.predecessor
    if predecessor is None or not _is_unsettled(door):
        return door.turns
    ids = [turn.study_id for turn in door.turns]
    if door.is_limited or predecessor.study_id not in ids:
        return ()
    return door.turns[: ids.index(predecessor.study_id) + 1]


def _is_unsettled(door: Doorstep) -> bool:
    """Whether a predecessor's finish may make room."""
    predecessor = door.predecessor
    return predecessor is not None and (predecessor.is_counted or door.is_limited)


def _take_of_study(taking: _Taking, turn: Turn) -> Taken | None:
    """The first trial of the study that fits, taken."""
    job = job_of(turn.job)
    if not can_run(job, taking.request.offers):
        return None
    request = taking.request
    after = request.after.attempt_id if request.after else None
    wanted = Wanted(turn.study_id, request.offers.gpus, taking.takes_marked, after)
    without: set[TrialId] = set()
    while len(without) < _TRIES:
        candidate = claiming.find(taking.connection, wanted, without)
        if candidate is None or not _has_slot_free(taking.connection, candidate):
            return None
        taken = _try(taking, candidate, job)
        if taken is not None:
            return taken
        without.add(candidate.trial.id)
    return None


def job_of(stored: dict[str, Any] | str) -> Job | str:
    """A stored job."""
    return stored if isinstance(stored, str) else wire.from_wire(Job, stored)


def _has_slot_free(connection: Connection, candidate: Candidate) -> bool:
    """Whether the study's concurrency leaves room."""
    if candidate.concurrency is None or candidate.trial.state is TrialState.RUNNING:
        return True
    return budget.running_trials(connection, candidate.trial.study_id) < candidate.concurrency


def _try(taking: _Taking, candidate: Candidate, job: Job | str) -> Taken | None:
    """Take the candidate; None, and nothing is changed or held, if it does not fit: claims that
    hold one study and want another could wait for each other."""
    is_marked, is_limited = candidate.trial.claimable_at is not None, taking.is_limited
    if candidate.concurrency is None and not is_marked and not is_limited:
        return _take_candidate(taking, candidate, job)
    with taking.connection.begin_nested() as savepoint:
        if candidate.concurrency is not None:  # counted again, now that nobody else may claim of it
            budget.room(taking.connection, candidate.trial.study_id)
        is_free = _has_slot_free(taking.connection, candidate)
        taken = _take_candidate(taking, candidate, job) if is_free else None
        if taken is None:
            savepoint.rollback()
        return taken


def _take_candidate(taking: _Taking, candidate: Candidate, job: Job | str) -> Taken | None:
    connection, trial = taking.connection, candidate.trial
    if trial.claimable_at is not None and not lose_to_successor(connection, trial):
        return None
    start = choose_start(connection, candidate, taking.reader)
    attempt_id = AttemptId(new_id("attempt"))
    wanted = _reservation(taking, candidate, job, start.step)
    seconds = _gpu_seconds(taking, candidate, wanted)
    if seconds is None or not _reserve(taking, trial.study_id, wanted.steps, seconds):
        return None
    new = NewAttempt(
        id=attempt_id,
        trial=trial,
        request=taking.request,
        resume=start.resume,
        reserved_steps=wanted.steps,
        reserved_gpu_seconds=seconds,
        lease_seconds=taking.settings.lease_seconds,
    )
    if not attempts.insert_one(connection, new):
        raise RequestRepeated
    _hand_over(connection, trial, attempt_id, start)
    return Taken(
        attempt_id=attempt_id,
        number=trial.attempt_count + 1,
        trial=trial,
        definition=candidate.definition,
        round_definition=candidate.round_definition,
        resume=start.resume,
    )


def _hand_over(
    connection: Connection, trial: Trial, attempt_id: AttemptId, start: Beginning
) -> None:
    """The trial is this attempt's: its lineage goes on from the start, the rest is masked."""
    columns = {
        "attempt_id": attempt_id,
        "attempts": trial.attempt_count + 1,
        "lineage": lineage_column(continue_lineage(trial.lineage, attempt_id, start.at)),
        "resume": resume_column(start.prefix),
        **best_columns(start.best),
    }
    if trial.state is TrialState.RUNNING:
        trials.write(connection, trial.id, claimable_at=None, **columns)
    else:
        trials.change_state(connection, trial, TrialState.RUNNING, **columns)


def _reservation(
    taking: _Taking, candidate: Candidate, job: Job | str, start_step: int
) -> Reservation:
    slack_seconds = taking.settings.grace_seconds + taking.settings.lease_seconds
    horizon = candidate.trial.max_train_steps
    return reservation(job, horizon, start_step, candidate.seconds_per_step, slack_seconds)


def _reserve(taking: _Taking, study_id: StudyId, steps: int, gpu_seconds: float) -> bool:
    """Within the study's limits, then within those of all studies; the caller undoes the first
    where the second fail."""
    if not budget.reserve(taking.connection, study_id, steps, gpu_seconds):
        return False
    return not taking.is_limited or total_budget.is_kept(taking.connection)


def _gpu_seconds(taking: _Taking, candidate: Candidate, wanted: Reservation) -> float | None:
    """The GPU-seconds to set aside: before any speed is known, all that is left, so that one trial
    runs at a time; None: nothing is left."""
    if wanted.gpu_seconds is not None:
        return wanted.gpu_seconds
    if not (candidate.is_gpu_limited or taking.is_limited):
        return 0.0
    with taking.connection.begin_nested() as savepoint:
        left = _gpu_seconds_left(taking, candidate.trial.study_id)
        if left is not None and left <= 0:
            savepoint.rollback()  # as above: the claim goes on to other studies
            return None
        return left or 0.0


def _gpu_seconds_left(taking: _Taking, study_id: StudyId) -> float | None:
    """Of the study and of all studies, whichever is less; both are held. None: no limit."""
    left = [budget.room(taking.connection, study_id).gpu_seconds]
    if taking.is_limited:
        left.append(total_budget.hold(taking.connection).room.gpu_seconds)
    return min((seconds for seconds in left if seconds is not None), default=None)
