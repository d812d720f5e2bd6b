"""Studies: create, read, list, change; start, pause, resume, cancel."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.api.answers import (
    DEFAULT_PAGE,
    JsonAnswer,
    checked_limit,
    decode_cursor,
    location,
    page,
    with_content_etag,
)
from app.api.auth import Reader, Writer
from app.api.body import parsed
from app.api.context import InContext
from app.api.idempotency import OptionalKey
from app.api.rendering.studies import dry_run_answer, study_answer
from app.domain.errors import Forbidden, InvalidInput
from app.domain.ids import StudyId
from app.domain.studies import Job, StudyDefinition
from app.services import studies, study_states
from app.services.studies import StudyPatch
from app.services.tokens import Principal

router = APIRouter(tags=["studies"], prefix="/v1/studies")

Definition = Annotated[StudyDefinition, Depends(parsed(StudyDefinition))]
Patch = Annotated[StudyPatch, Depends(parsed(StudyPatch))]
COMMANDS = "commands:run"


@router.post("", status_code=201)
def create_study(
    context: InContext, caller: Writer, key: OptionalKey, body: Definition, dry_run: bool = False
) -> Response:
    """A new study; `dry_run=true` checks it and shows its first round and cost."""
    _check_command(caller, body)
    if dry_run:
        return JsonAnswer(dry_run_answer(studies.rehearse_study(context, body)))
    created = studies.create_study(context, body, key)
    answer = study_answer(studies.read_study(context, created.study_id))
    answer["warnings"] += created.warnings
    return JsonAnswer(answer, 201, headers=location(f"/v1/studies/{created.study_id}"))


@router.get("")
def list_studies(
    context: InContext, caller: Reader, cursor: str | None = None, limit: int = DEFAULT_PAGE
) -> Response:
    """All studies, newest first."""
    del caller  # the scope is the check
    found, position = studies.list_studies(context, _position(cursor), checked_limit(limit))
    following = f"{position[0]!r}|{position[1]}" if position else None
    return JsonAnswer(page([study_answer(view) for view in found], following))


@router.get("/{study_id}")
def read_study(request: Request, context: InContext, caller: Reader, study_id: str) -> Response:
    """A study: constant cost, 304 while nothing changed."""
    del caller  # the scope is the check
    view = studies.read_study(context, StudyId(study_id))
    return with_content_etag(request, study_answer(view))


@router.patch("/{study_id}")
def change_study(context: InContext, caller: Writer, study_id: str, body: Patch) -> Response:
    """Priority, concurrency, limits, autopilot, bindings, settings."""
    del caller  # the scope is the check
    return JsonAnswer(study_answer(studies.change_study(context, StudyId(study_id), body)))


@router.post("/{study_id}/start")
def start_study(context: InContext, caller: Writer, study_id: str) -> Response:
    """A draft opens its first round."""
    del caller  # the scope is the check
    return JsonAnswer(study_answer(study_states.start_study(context, StudyId(study_id))))


@router.post("/{study_id}/pause")
def pause_study(context: InContext, caller: Writer, study_id: str) -> Response:
    """No claims; running attempts checkpoint and are released as pre-empted."""
    del caller  # the scope is the check
    return JsonAnswer(study_answer(study_states.pause_study(context, StudyId(study_id))))


@router.post("/{study_id}/resume")
def resume_study(context: InContext, caller: Writer, study_id: str) -> Response:
    """A paused study goes on."""
    del caller  # the scope is the check
    return JsonAnswer(study_answer(study_states.resume_study(context, StudyId(study_id))))


@router.post("/{study_id}/cancel")
def cancel_study(context: InContext, caller: Writer, study_id: str) -> Response:
    """Everything that waits or runs is cancelled."""
    del caller  # the scope is the check
    return JsonAnswer(study_answer(study_states.cancel_study(context, StudyId(study_id))))


def _check_command(caller: Principal, definition: StudyDefinition) -> None:
    job = definition.job
    if isinstance(job, Job) and job.command is not None and not caller.has(COMMANDS):
        raise Forbidden(
            f"a study with a free command needs the scope {COMMANDS}",
            hint="use an `entrypoint` that workers registered, or a token with that scope",
        )


def _position(cursor: str | None) -> tuple[float, str] | None:
    decoded = decode_cursor(cursor)
    if decoded is None:
        return None
    moment, _, study_id = decoded.partition("|")
    try:
        return float(moment), study_id
    except ValueError as error:
        raise InvalidInput("`cursor` is not one of ours; pass `next_cursor` back") from error
