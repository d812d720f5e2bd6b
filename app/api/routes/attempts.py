"""The routes of one attempt: every write carries the attempt's token."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Response

from app.api.answers import JsonAnswer
from app.api.auth import Reader, WorkerCaller
from app.api.body import parsed
from app.api.context import InContext
from app.api.rendering.attempts import attempt_detail, kept_checkpoint
from app.api.rendering.trials import trial_answer
from app.domain.errors import StaleAttempt
from app.domain.ids import AttemptId
from app.domain.reports import CheckpointReport, Finish, Heartbeat, Measurements
from app.services import attempts, ending, heartbeats, progress

router = APIRouter(tags=["worker protocol"], prefix="/v1/attempts/{attempt_id}")
DEFAULT_TAIL = 200


async def presented_token(  # a plain function would cost a thread hop
    caller: WorkerCaller, paceline_attempt_token: Annotated[str | None, Header()] = None
) -> str:
    """The attempt's token; the bearer token is wanted, too."""
    del caller  # the scope is the check
    if not paceline_attempt_token:
        raise StaleAttempt(
            "this route needs the header Paceline-Attempt-Token",
            hint="send the `token` that the claim answered",
        )
    return paceline_attempt_token


Token = Annotated[str, Depends(presented_token)]


@router.post("/heartbeat")
def heartbeat(
    context: InContext,
    token: Token,
    attempt_id: str,
    body: Annotated[Heartbeat, Depends(parsed(Heartbeat))],
) -> Response:
    """Extends the lease; `command`: continue, stop (checkpoint and end) or cancel."""
    answer = heartbeats.heartbeat(context, AttemptId(attempt_id), token, body)
    return JsonAnswer({"command": answer.command, "lease_seconds": answer.lease_seconds})


@router.post("/measurements")
def report_measurements(
    context: InContext,
    token: Token,
    attempt_id: str,
    body: Annotated[Measurements, Depends(parsed(Measurements))],
) -> Response:
    """Stores a batch once; repeated points are counted, not stored again."""
    found = progress.report_measurements(context, AttemptId(attempt_id), token, body.batch())
    return JsonAnswer(
        {"accepted": found.accepted, "repeated": found.repeated, "last_step": found.last_step}
    )


@router.post("/checkpoints")
def report_checkpoint(
    context: InContext,
    token: Token,
    attempt_id: str,
    body: Annotated[CheckpointReport, Depends(parsed(CheckpointReport))],
) -> Response:
    """Keeps a checkpoint; post it after the measurements up to its step."""
    kept = progress.report_checkpoint(context, AttemptId(attempt_id), token, body)
    return JsonAnswer(kept_checkpoint(kept))


@router.post("/finish")
def finish(
    context: InContext,
    token: Token,
    attempt_id: str,
    body: Annotated[Finish, Depends(parsed(Finish))],
) -> Response:
    """Ends the attempt and answers the trial; repeated, the same answer."""
    return JsonAnswer(trial_answer(ending.finish(context, AttemptId(attempt_id), token, body)))


@router.get("")
def show_attempt(context: InContext, caller: Reader, attempt_id: str) -> Response:
    """One attempt."""
    del caller  # the scope is the check
    return JsonAnswer(attempt_detail(attempts.show_attempt(context, AttemptId(attempt_id))))


@router.get("/logs")
def read_logs(
    context: InContext, caller: Reader, attempt_id: str, tail: int = DEFAULT_TAIL
) -> Response:
    """The last lines that the training printed, as far as they were kept."""
    del caller  # the scope is the check
    stdout, stderr = attempts.read_logs(context, AttemptId(attempt_id), tail)
    return JsonAnswer({"attempt_id": attempt_id, "stdout": stdout, "stderr": stderr})
