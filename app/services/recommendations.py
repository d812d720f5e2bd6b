"""Recommendations: the latest, and all of a study."""

from dataclasses import replace

from app.db import recommendations, studies
from app.db.database import Connection
from app.db.recommendations import Recommendation
from app.domain.errors import MissingObject
from app.domain.ids import StudyId
from app.domain.states import RecommendationState
from app.services import gate
from app.services.context import Context


def read_latest(context: Context, study_id: StudyId) -> Recommendation:
    """The newest. Raises MissingObject with a hint before the first review."""
    found = list_recommendations(context, study_id)
    if not found:
        raise MissingObject(
            f"study {study_id} has no recommendation yet",
            hint="its first review makes one, once all trials of round 1 have ended;"
            f" GET /v1/studies/{study_id}/rounds/1/assessment is provisional until then",
        )
    return found[-1]


def list_recommendations(context: Context, study_id: StudyId) -> list[Recommendation]:
    """All of a study, oldest first. Raises MissingObject for the study."""
    with context.database.reading() as connection:
        studies.get(connection, study_id)
        found = recommendations.of_study(connection, study_id)
        return [_as_it_stands(connection, one) for one in found]


def _as_it_stands(connection: Connection, found: Recommendation) -> Recommendation:
    """Open advice with what blocks it now: a waiver or a softer binding may be younger than it."""
    if found.state is not RecommendationState.PROPOSED:
        return found
    blocked = gate.still_blocking(connection, found)
    return replace(found, advice=replace(found.advice, blocked_by=blocked))
