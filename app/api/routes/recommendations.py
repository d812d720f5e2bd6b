"""Recommendations: the latest of a study, and all of them."""

from fastapi import APIRouter, Request, Response

from app.api.answers import JsonAnswer, page, with_content_etag
from app.api.auth import Reader
from app.api.context import InContext
from app.api.rendering.reviews import recommendation_answer
from app.domain.ids import StudyId
from app.services import recommendations
from app.services.autopilot import reason_to_wait

router = APIRouter(tags=["recommendations"], prefix="/v1/studies/{study_id}")


@router.get("/recommendation")
def read_recommendation(
    request: Request, context: InContext, caller: Reader, study_id: str
) -> Response:
    """The latest, and why it waits for a person; 404 with a hint before the first review."""
    del caller  # the scope is the check
    found = recommendations.read_latest(context, StudyId(study_id))
    answer = recommendation_answer(found) | {"waits_because": reason_to_wait(context, found)}
    return with_content_etag(request, answer)


@router.get("/recommendations")
def list_recommendations(context: InContext, caller: Reader, study_id: str) -> Response:
    """All, oldest first."""
    del caller  # the scope is the check
    found = recommendations.list_recommendations(context, StudyId(study_id))
    return JsonAnswer(page([recommendation_answer(one) for one in found], None))
