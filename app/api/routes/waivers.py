"""Waivers: named, dated exceptions to a rule."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app.api.answers import JsonAnswer, page, seconds_of
from app.api.auth import Reader, Writer
from app.api.body import parsed
from app.api.context import InContext
from app.api.idempotency import OptionalKey
from app.api.rendering.reviews import waiver_answer
from app.domain.ids import StudyId, WaiverId
from app.services import waivers
from app.services.waivers import Grant, WaiverRequest

router = APIRouter(tags=["waivers"], prefix="/v1/studies/{study_id}/waivers")
Body = Annotated[WaiverRequest, Depends(parsed(WaiverRequest))]


@router.post("", status_code=201)
def add_waiver(
    context: InContext, caller: Writer, key: OptionalKey, study_id: str, body: Body
) -> Response:
    """Allow a finding; `by` is the token's name."""
    grant = Grant(body, seconds_of(body.until), caller.name)
    stored = waivers.add_waiver(context, StudyId(study_id), grant, key)
    return JsonAnswer(waiver_answer(stored), 201)


@router.get("")
def list_waivers(context: InContext, caller: Reader, study_id: str) -> Response:
    """All, expired ones included."""
    del caller  # the scope is the check
    found = waivers.list_waivers(context, StudyId(study_id))
    return JsonAnswer(page([waiver_answer(one) for one in found], None))


@router.delete("/{waiver_id}", status_code=204)
def delete_waiver(context: InContext, caller: Writer, study_id: str, waiver_id: str) -> Response:
    """Take a waiver back."""
    del caller  # the scope is the check
    waivers.delete_waiver(context, StudyId(study_id), WaiverId(waiver_id))
    return Response(status_code=204)
