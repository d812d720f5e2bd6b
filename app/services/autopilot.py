"""The autopilot's second look: open advice that a PATCH made acceptable after its review, and why
other advice waits for a person.
"""

from app.db import recommendations, studies
from app.db.recommendations import Recommendation
from app.domain.ids import RecommendationId, StudyId
from app.domain.states import RecommendationState, StudyState
from app.domain.studies import Autopilot
from app.planning.autopilot import is_acceptable_by_autopilot
from app.services import facts, waiting
from app.services.context import Context
from app.services.reviews import accept_automatically

_refused: dict[RecommendationId, float] = {}  # -> the study's `updated_at` when it was refused


def open_recommendations(context: Context) -> list[tuple[StudyId, RecommendationId]]:
    """Every open recommendation."""
    with context.database.reading() as connection:
        return recommendations.proposed(connection)


def try_accepting(context: Context, study_id: StudyId, wanted: RecommendationId) -> bool:
    """Whether the autopilot accepted it now. A refused one is looked at again once it changes."""
    with context.database.reading() as connection:
        study = studies.get(connection, study_id)
        is_done = (
            study.definition.autopilot is Autopilot.OFF
            or study.state is not StudyState.ACTIVE
            or study.waiting_for == waiting.LIMIT
            or _refused.get(wanted) == study.updated_at
        )
        if is_done:
            return False
        found = recommendations.get(connection, wanted)
        known = facts.load(connection, study_id)
    is_fine, _ = is_acceptable_by_autopilot(known, found.advice, study.definition.autopilot)
    if not is_fine:
        _refused[wanted] = study.updated_at
        return False
    with context.database.writing() as connection:
        study = studies.lock(connection, study_id)
        found = recommendations.get(connection, wanted)
        if found.state is not RecommendationState.PROPOSED:
            return False
        is_accepted = accept_automatically(connection, study, found)
        waiting.refresh(connection, study_id)
    context.bell.ring()
    return is_accepted


def reason_to_wait(context: Context, found: Recommendation) -> str | None:
    """Why open advice is not accepted automatically; None where it is, or where none is open."""
    if found.state is not RecommendationState.PROPOSED:
        return None
    with context.database.reading() as connection:
        study = studies.get(connection, found.study_id)
        known = facts.outline(connection, found.study_id)
    is_fine, why = is_acceptable_by_autopilot(known, found.advice, study.definition.autopilot)
    if not is_fine:
        return why
    if waiting.is_affordable(study, found.advice.cost):
        return None
    return f"its {found.advice.cost.steps} steps are more than the study's limits leave"
