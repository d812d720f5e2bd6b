"""Audits: rounds that ran elsewhere, judged and advised upon; nothing is stored."""

from typing import Annotated, Any  # Any: JSON

from fastapi import APIRouter, Depends, Response

from app import wire
from app.api.answers import JsonAnswer
from app.api.audit_body import audit_bytes, read_audit
from app.api.auth import Reader
from app.api.rendering.reviews import assessment_answer
from app.domain.recommendations import Advice
from app.services.audits import audit

router = APIRouter(tags=["audits"])


@router.post("/v1/audits")
def judge(caller: Reader, raw: Annotated[bytes, Depends(audit_bytes)]) -> Response:
    """One assessment a round and the recommendation about the last; findings are answers."""
    del caller  # the scope is the check
    request, curves = read_audit(raw)
    found = audit(request, curves)
    return JsonAnswer(
        {
            "assessments": [assessment_answer(one) for one in found.assessments],
            "recommendation": _recommendation(found.advice),
        }
    )


def _recommendation(advice: Advice) -> dict[str, Any]:  # Any: JSON
    """The fields of any recommendation; it belongs to no study."""
    return {"id": None, "study_id": None, **wire.to_wire(advice), "state": "proposed"}
