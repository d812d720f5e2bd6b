"""The body of an audit: everything but its curves goes through the strict codec; the columns of
numbers, which may be millions, go past it to be read as arrays."""

from typing import Any  # Any: JSON

import orjson
from fastapi import Request

from app.api.body import decode, read_bytes, strict_json
from app.domain.audits import AuditRequest
from app.services.audits import RawCurves

Json = dict[str, Any]  # Any: JSON
COLUMNS = {"steps", "metrics"}
NO_COLUMNS: Json = {"steps": [], "metrics": {}}


async def audit_bytes(request: Request) -> bytes:
    """The bounded body, not yet parsed: that is work for a thread."""
    return await read_bytes(request)


audit_bytes.json_kind = AuditRequest  # type: ignore[attr-defined]  # a mark that OpenAPI reads


def read_audit(raw: bytes) -> tuple[AuditRequest, RawCurves]:
    """The request without its columns, and the columns by round and trial, not yet checked.

    Raises MalformedJson or InvalidInput.
    """
    document = strict_json(raw)
    curves = [[_taken_out(trial) for trial in _list(one, "trials")] for one in _rounds(document)]
    request = decode(AuditRequest, orjson.dumps(document))
    return request, curves


def _rounds(document: Any) -> list[Any]:  # Any: JSON
    return _list(document, "rounds")


def _list(owner: Any, name: str) -> list[Any]:  # Any: JSON
    found = owner.get(name) if isinstance(owner, dict) else None
    return found if isinstance(found, list) else []


def _taken_out(trial: Any) -> Json:  # Any: JSON
    """A trial's columns, with empty ones left in their place; whatever else stays to be refused."""
    curve = trial.get("curve") if isinstance(trial, dict) else None
    if not isinstance(curve, dict) or curve.keys() != COLUMNS:
        return NO_COLUMNS
    trial["curve"] = NO_COLUMNS
    return curve
