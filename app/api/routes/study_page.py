"""The study page: one sentence, the verdicts, two plots. Signed in by a link that holds a one-time
code."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.api.auth import principal
from app.api.pages import render
from app.api.plots import Dot, best_step_histogram, rate_against_objective
from app.domain.errors import Unauthenticated
from app.domain.ids import StudyId
from app.domain.recommendations import JudgedVerdict
from app.domain.space import Role, names_with_role
from app.domain.states import TrialState
from app.domain.trials import Trial
from app.services.study_pages import StudyPage, read_study_page

router = APIRouter(tags=["pages"], include_in_schema=False)
PLOTTED = (TrialState.COMPLETED, TrialState.DIVERGED)


@router.get("/studies/{study_id}")
async def show_study(request: Request, study_id: str, round: int | None = None) -> HTMLResponse:
    """The page, or (401) the one that exchanges the code behind the link's # for a session."""
    try:
        await principal(request)
    except Unauthenticated:
        return HTMLResponse(render("sign_in.html", nonce=request.state.nonce), 401)
    return HTMLResponse(_page(read_study_page(request.app.state.context, StudyId(study_id), round)))


def _page(page: StudyPage) -> str:
    ended = [trial for trial in page.trials if trial.state in PLOTTED]
    fractions = [
        trial.best_step_fraction
        for trial in ended
        if trial.best_step_fraction is not None and trial.state is TrialState.COMPLETED
    ]
    return render(
        "study.html",
        page=page,
        verdicts=_in_order(page),
        histogram=best_step_histogram(fractions) if fractions else None,
        scatter=_scatter(page, ended),
    )


def _in_order(page: StudyPage) -> list[JudgedVerdict]:
    order = {"finding": 0, "clear": 1, "inconclusive": 2}
    verdicts = page.assessment.verdicts if page.assessment else ()
    return sorted(verdicts, key=lambda verdict: order.get(verdict.verdict, 3))


def _scatter(page: StudyPage, ended: list[Trial]) -> object:
    if page.shown is None:
        return None
    parameters = page.shown.definition.parameters
    for name in names_with_role(parameters, Role.LEARNING_RATE):
        dots = [_dot(trial, name) for trial in ended if name in trial.params]
        if dots:
            return rate_against_objective(dots, parameters[name].bounds)
    return None


def _dot(trial: Trial, name: str) -> Dot:
    value = None if trial.state is TrialState.DIVERGED else trial.best.value
    shown = "diverged" if value is None else f"{value:.4g}"
    return Dot(
        float(trial.params[name]), value, f"{trial.id}: {name}={trial.params[name]}, {shown}"
    )
