"""Assessments, recommendations and waivers as answers."""

from typing import Any  # Any: JSON

from app import wire
from app.api.answers import rfc3339
from app.db.recommendations import Recommendation
from app.db.waivers import StoredWaiver
from app.domain.recommendations import Assessment

Json = dict[str, Any]  # Any: JSON


def assessment_answer(assessment: Assessment) -> Json:
    """All verdicts of a round."""
    found: Json = wire.to_wire(assessment)
    return found


def recommendation_answer(found: Recommendation) -> Json:
    """The advice, whether it may be accepted, and what became of it."""
    return {
        "id": found.id,
        "study_id": found.study_id,
        **wire.to_wire(found.advice),
        "state": found.state,
        "opened_round": found.opened_round,
        "created_at": rfc3339(found.created_at),
    }


def waiver_answer(found: StoredWaiver) -> Json:
    """A dated, named exception."""
    return {
        "id": found.id,
        "code": found.code,
        "round": found.round,
        "reason": found.reason,
        "until": rfc3339(found.until),
        "by": found.by,
        "at": rfc3339(found.at),
    }
