"""Waivers: a person allows a finding, by name, with a reason and perhaps an end."""

from dataclasses import dataclass
from typing import ClassVar

from app.db import rounds, studies, waivers
from app.db.waivers import NewWaiver, StoredWaiver
from app.domain.errors import InvalidInput, MissingObject
from app.domain.ids import StudyId, WaiverId
from app.domain.points import near_hint
from app.domain.space import STRICT_FIELDS
from app.policy.catalogue import RULES
from app.services.context import Context
from app.services.repeats import earlier_answer, keep_answer
from app.services.request_keys import RequestKey


@dataclass(frozen=True, slots=True)
class WaiverRequest:
    """`round` null: every round; `until` (RFC 3339) null: for good."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    code: str
    reason: str
    round: int | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A request by somebody, its end in epoch seconds."""

    request: WaiverRequest
    until: float | None
    by: str


def add_waiver(
    context: Context, study_id: StudyId, grant: Grant, key: RequestKey | None = None
) -> StoredWaiver:
    """Store a waiver. Raises InvalidInput for a rule that is unknown or never waivable."""
    asked = grant.request
    _check(asked)
    with context.database.writing() as connection:
        earlier = earlier_answer(connection, key)
        if earlier is not None:
            known = {w.id: w for w in waivers.of_study(connection, study_id)}
            return known[WaiverId(str(earlier["waiver_id"]))]
        studies.lock(connection, study_id)
        if asked.round is not None:
            rounds.get(connection, study_id, asked.round)
        new = NewWaiver(asked.code, asked.round, asked.reason.strip(), grant.until, grant.by)
        stored = waivers.insert_one(connection, study_id, new)
        keep_answer(connection, key, {"waiver_id": stored.id})
    context.bell.ring()
    return stored


def list_waivers(context: Context, study_id: StudyId) -> list[StoredWaiver]:
    """All of a study, expired ones included."""
    with context.database.reading() as connection:
        studies.get(connection, study_id)
        return waivers.of_study(connection, study_id)


def delete_waiver(context: Context, study_id: StudyId, waiver_id: WaiverId) -> None:
    """Take a waiver back. Raises MissingObject."""
    with context.database.writing() as connection:
        if not waivers.delete_one(connection, study_id, waiver_id):
            raise MissingObject(f"study {study_id} has no waiver {waiver_id}")


def _check(asked: WaiverRequest) -> None:
    codes = {rule.code: rule for rule in RULES}
    if asked.code not in codes:
        raise InvalidInput(f"{asked.code} is no rule", hint=near_hint(asked.code, codes))
    if not codes[asked.code].is_waivable:
        raise InvalidInput(
            f"{asked.code} is never waived", hint="GET /v1/rules/" + asked.code + " says why"
        )
    if not asked.reason.strip():
        raise InvalidInput("a waiver needs a `reason`", hint="say why this finding may stand")
