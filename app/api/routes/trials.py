"""Trials and curves: list, import, read, cancel, retry."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.api.answers import DEFAULT_PAGE, JsonAnswer, checked_limit, with_content_etag
from app.api.auth import Reader, Writer
from app.api.body import parsed
from app.api.context import InContext
from app.api.idempotency import OptionalKey
from app.api.rendering.trials import curve_answer, trial_answer
from app.domain.errors import InvalidInput
from app.domain.ids import AttemptId, StudyId, TrialId
from app.domain.imports import ImportRequest
from app.domain.states import TrialState
from app.services import curves, imports, trials
from app.services.curves import DEFAULT_POINTS, CurveQuery

router = APIRouter(tags=["trials"], prefix="/v1")

Import = Annotated[ImportRequest, Depends(parsed(ImportRequest))]


@router.get("/studies/{study_id}/trials")
def list_trials(  # noqa: PLR0913 - FastAPI hands over each query parameter as its own argument
    context: InContext,
    caller: Reader,
    study_id: str,
    round: int | None = None,
    state: str | None = None,
    order: str = "number",
    cursor: str | None = None,
    limit: int = DEFAULT_PAGE,
) -> Response:
    """A page of a study's trials; `order`: number, best_value or last_step, `-` before it turns."""
    del caller  # the scope is the check
    wanted = trials.wanted_trials(StudyId(study_id), round, _state(state), order)
    found, following = trials.list_trials(context, wanted, cursor, checked_limit(limit))
    items = [trial_answer(view) for view in found]
    return JsonAnswer({"items": items, "next_cursor": following})


@router.post("/studies/{study_id}/trials", status_code=201)
def import_trials(
    context: InContext, caller: Writer, key: OptionalKey, study_id: str, body: Import
) -> Response:
    """Finished trials of somebody else's runner, each once a round under its owner's id."""
    del caller  # the scope is the check
    told = imports.import_trials(context, StudyId(study_id), body, key)
    return JsonAnswer({"trials": told}, 201)


@router.get("/studies/{study_id}/curves")
def list_curves(  # noqa: PLR0913 - FastAPI hands over each query parameter as its own argument
    request: Request,
    context: InContext,
    caller: Reader,
    study_id: str,
    metric: str | None = None,
    round: int | None = None,
    points: int = DEFAULT_POINTS,
) -> Response:
    """The curves of all trials in one call."""
    del caller  # the scope is the check
    query = CurveQuery(metric, _points(points))
    found = curves.read_curves(context, StudyId(study_id), round, query)
    items = [{"trial_id": curve.trial_id, **curve_answer(curve)} for curve in found]
    return with_content_etag(request, {"items": items})


@router.get("/trials/{trial_id}")
def read_trial(request: Request, context: InContext, caller: Reader, trial_id: str) -> Response:
    """One trial with its attempts and checkpoints."""
    del caller  # the scope is the check
    view = trials.read_trial(context, TrialId(trial_id))
    return with_content_etag(request, trial_answer(view))


@router.get("/trials/{trial_id}/curve")
def read_curve(  # noqa: PLR0913 - FastAPI hands over each query parameter as its own argument
    request: Request,
    context: InContext,
    caller: Reader,
    trial_id: str,
    metric: str | None = None,
    points: int = DEFAULT_POINTS,
    attempt: str | None = None,
) -> Response:
    """One curve along its lineage; `attempt` shows all that one attempt reported."""
    del caller  # the scope is the check
    query = CurveQuery(metric, _points(points), AttemptId(attempt) if attempt else None)
    found = curves.read_curve(context, TrialId(trial_id), query)
    return with_content_etag(request, curve_answer(found))


@router.post("/trials/{trial_id}/cancel")
def cancel_trial(context: InContext, caller: Writer, trial_id: str) -> Response:
    """End a waiting or running trial."""
    del caller  # the scope is the check
    return JsonAnswer(trial_answer(trials.cancel_trial(context, TrialId(trial_id))))


@router.post("/trials/{trial_id}/retry")
def retry_trial(context: InContext, caller: Writer, trial_id: str) -> Response:
    """A failed or cancelled trial of an open round waits again."""
    del caller  # the scope is the check
    return JsonAnswer(trial_answer(trials.retry_trial(context, TrialId(trial_id))))


def _state(word: str | None) -> TrialState | None:
    if word is None:
        return None
    try:
        return TrialState(word)
    except ValueError as error:
        raise InvalidInput(
            f"state {word!r} is unknown; use one of {', '.join(TrialState)}"
        ) from error


def _points(points: int) -> int:
    if points < 1:
        raise InvalidInput(f"`points` is at least 1; it is {points}")
    return points
