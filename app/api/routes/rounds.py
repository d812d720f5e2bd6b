"""Rounds: accept a recommendation or write one by hand, close one, add trials, read its review."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.api.answers import JsonAnswer, location, with_content_etag
from app.api.auth import Reader, Writer
from app.api.body import decode, parsed, read_bytes, strict_json
from app.api.context import InContext
from app.api.idempotency import OptionalKey
from app.api.rendering.reviews import assessment_answer
from app.api.rendering.studies import round_answer, study_answer
from app.domain.ids import StudyId
from app.domain.rounds import RoundRequest
from app.services import rounds, studies
from app.services.context import Context
from app.services.reviews import read_assessment
from app.services.rounds import AcceptRequest, MoreTrials

router = APIRouter(tags=["rounds"], prefix="/v1/studies/{study_id}/rounds")


async def round_body(request: Request) -> AcceptRequest | RoundRequest:
    """A body with `accept` accepts; any other is a round definition."""
    raw = await read_bytes(request)
    found = strict_json(raw)
    is_acceptance = isinstance(found, dict) and "accept" in found
    return decode(AcceptRequest, raw) if is_acceptance else decode(RoundRequest, raw)


round_body.json_kind = RoundRequest  # type: ignore[attr-defined]  # a mark that OpenAPI reads
RoundBody = Annotated[AcceptRequest | RoundRequest, Depends(round_body)]
More = Annotated[MoreTrials, Depends(parsed(MoreTrials))]


@router.post("", status_code=201)
def open_round(
    context: InContext, caller: Writer, key: OptionalKey, study_id: str, body: RoundBody
) -> Response:
    """`{"accept": "<recommendation id>"}`, or a round definition of one's own.

    Accepting twice answers the same round with 200; a waived finish answers 200 with the study.
    """
    del caller  # the scope is the check
    if isinstance(body, AcceptRequest):
        return _accept(context, StudyId(study_id), body)
    opened = rounds.post_round(context, StudyId(study_id), body, key)
    return _round(context, StudyId(study_id), opened.round, 201, warnings=opened.warnings)


@router.get("/{number}")
def read_round(
    request: Request, context: InContext, caller: Reader, study_id: str, number: int
) -> Response:
    """A round and its counts."""
    del caller  # the scope is the check
    found = rounds.read_round(context, StudyId(study_id), number)
    return with_content_etag(request, round_answer(found))


@router.get("/{number}/assessment")
def show_assessment(
    request: Request, context: InContext, caller: Reader, study_id: str, number: int
) -> Response:
    """All verdicts; `provisional` before the round's end."""
    del caller  # the scope is the check
    found = read_assessment(context, StudyId(study_id), number)
    return with_content_etag(request, assessment_answer(found))


@router.post("/{number}/close")
def close_round(context: InContext, caller: Writer, study_id: str, number: int) -> Response:
    """Waiting trials are cancelled; what runs ends as usual, then the round is reviewed."""
    del caller  # the scope is the check
    return JsonAnswer(round_answer(rounds.close_round(context, StudyId(study_id), number)))


@router.post("/{number}/trials", status_code=201)
def add_trials(
    context: InContext, caller: Writer, key: OptionalKey, study_id: str, number: int, body: More
) -> Response:
    """`count` more from the sampler, or `points`; a closed round opens again."""
    del caller  # the scope is the check
    ids = rounds.add_trials(context, StudyId(study_id), number, body, key)
    found = rounds.read_round(context, StudyId(study_id), number)
    warnings = rounds.repeated_points(found, body, len(ids))
    return JsonAnswer({"round": round_answer(found), "trials": ids, "warnings": warnings}, 201)


def _accept(context: Context, study_id: StudyId, body: AcceptRequest) -> Response:
    accepted = rounds.accept_recommendation(context, study_id, body)
    if accepted.round is None:
        return JsonAnswer(study_answer(studies.read_study(context, study_id)))
    return _round(context, study_id, accepted.round, 201 if accepted.is_new else 200)


def _round(
    context: Context, study_id: StudyId, number: int, status: int, warnings: Sequence[str] = ()
) -> Response:
    answer = round_answer(rounds.read_round(context, study_id, number))
    answer["warnings"] = list(warnings)
    path = f"/v1/studies/{study_id}/rounds/{number}"
    return JsonAnswer(answer, status, headers=location(path))
