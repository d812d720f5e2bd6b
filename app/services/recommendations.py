"""Recommendations: the latest, and all of a study."""

from app.db import recommendations, studies
from app.db.recommendations import Recommendation
from app.domain.errors import MissingObject
from app.domain.ids import StudyId
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
        return recommendations.of_study(connection, study_id)
