"""The claim: a slot asks for work and gets one attempt, the same one however often it asks."""

from dataclasses import dataclass
from typing import Any  # Any: JSON of the job and of params

from app.db import attempts, claiming
from app.domain.fencing import attempt_token
from app.domain.ids import AttemptId
from app.domain.reports import ClaimRequest
from app.domain.trials import Start, Trial
from app.services.context import Context
from app.services.leases import release_lost
from app.services.server_key import server_key
from app.services.taking import RequestRepeated, Taken, take

_TURNS = 5  # an older attempt to release, a repeated request: each costs a turn


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a worker needs to run an attempt."""

    attempt_id: AttemptId
    number: int
    token: str
    trial: Trial
    job: dict[str, Any] | str
    resume: Start | None


def claim(context: Context, request: ClaimRequest) -> Claimed | None:
    """An attempt for this slot, or None when nothing fits it now."""
    key = server_key(context)
    for _ in range(_TURNS):
        try:
            with context.database.writing() as connection:
                door = claiming.arrive(connection, request)
                if door.repeated is None and door.unfinished is None:
                    taken = take(connection, context.settings, request, door)
                    return _claimed(key, taken) if taken else None
        except RequestRepeated:
            continue  # it came twice at once: the other one's attempt is found now
        if door.repeated is not None:
            return _repeated(context, key, door.repeated)
        if door.unfinished is not None:
            release_lost(context, door.unfinished)
    return None


def _repeated(context: Context, key: bytes, attempt_id: AttemptId) -> Claimed:
    with context.database.reading() as connection:
        held = attempts.look(connection, attempt_id)
    number, resume = held.attempt.number, held.attempt.resume
    return _claimed(key, Taken(attempt_id, number, held.trial, held.definition, resume))


def _claimed(key: bytes, taken: Taken) -> Claimed:
    token = attempt_token(key, taken.attempt_id)
    job = taken.definition["job"]
    return Claimed(taken.attempt_id, taken.number, token, taken.trial, job, taken.resume)
