"""The claim: a slot asks for work and gets one attempt, the same one however often it asks."""

from dataclasses import dataclass
from typing import Any  # Any: JSON of the job and of params

from app import wire
from app.db import attempts, claiming, rounds, turns, workers
from app.db.claiming import Doorstep
from app.domain.fencing import attempt_token
from app.domain.ids import AttemptId
from app.domain.reports import ClaimRequest
from app.domain.trials import Start, Trial
from app.services.context import Context
from app.services.fence import refuse_other_token
from app.services.leases import hear_first, release_lost
from app.services.server_key import server_key
from app.services.taking import RequestRepeated, Taken, take

SEEN_SECONDS = 15.0  # a worker that only waits is heard at its claims
_TURNS = 5  # an attempt to release, others to hear first, a repeated request: each costs a turn


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a worker needs to run an attempt; `params` holds the round's fixed values, too."""

    attempt_id: AttemptId
    number: int
    token: str
    trial: Trial
    params: dict[str, Any]
    job: dict[str, Any] | str
    resume: Start | None


def claim(context: Context, request: ClaimRequest) -> Claimed | None:
    """An attempt for this slot, or None when nothing fits it now. Raises StaleAttempt for a
    predecessor under another's token."""
    key = server_key(context)
    if request.after is not None:
        refuse_other_token(key, request.after.attempt_id, request.after.token)
    for _ in range(_TURNS):
        try:
            with context.database.writing() as connection:
                door = claiming.arrive(connection, request)
                if door.seen_at is not None and door.now - door.seen_at > SEEN_SECONDS:
                    workers.see(connection, request.worker)
                if door.may_take:
                    taken = take(connection, context.settings, request, door)
                    return _claimed(key, taken) if taken else None
        except RequestRepeated:
            continue  # it came twice at once: the other one's attempt is found now
        if door.repeated is not None:
            return _repeated(context, key, door.repeated)
        _make_way(context, request, door)
    return None


def _make_way(context: Context, request: ClaimRequest, door: Doorstep) -> None:
    """What comes before a new attempt: the slot has moved on, or its worker is back."""
    if door.unfinished is not None:
        release_lost(context, door.unfinished)
    elif door.unheard is not None:
        hear_first(context, request)


def _repeated(context: Context, key: bytes, attempt_id: AttemptId) -> Claimed:
    with context.database.reading() as connection:
        held = attempts.look(connection, attempt_id)
        found = rounds.get(connection, held.trial.study_id, held.trial.round)
    taken = Taken(
        attempt_id=attempt_id,
        number=held.attempt.number,
        trial=held.trial,
        definition=held.definition,
        round_definition=wire.to_wire(found.definition),
        resume=held.attempt.resume,
    )
    return _claimed(key, taken)


def _claimed(key: bytes, taken: Taken) -> Claimed:
    token = attempt_token(key, taken.attempt_id)
    fixed = {name: one["value"] for name, one in taken.round_definition["fixed"].items()}
    return Claimed(
        attempt_id=taken.attempt_id,
        number=taken.number,
        token=token,
        trial=taken.trial,
        params={**fixed, **taken.trial.params},
        job=taken.definition["job"],
        resume=taken.resume,
    )


def gpu_counts_waiting(context: Context) -> list[int]:
    """The GPU counts of trials that could be claimed now: a cheap look before a claim."""
    with context.database.reading() as connection:
        return turns.sizes_waiting(connection)
