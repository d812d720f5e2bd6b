"""Start, pause, resume and cancel. Rows are locked in the order attempt, trial, study, round."""

from app.db import attempts, interventions, limited, rounds, studies, trials
from app.db.database import Connection
from app.db.studies import Study
from app.domain.errors import WrongState
from app.domain.ids import StudyId
from app.domain.states import EndReason, StudyState
from app.planning.rounds import first_round
from app.services import waiting
from app.services.context import Context
from app.services.losing import cancel_held
from app.services.opening import enter_review_if_over, open_round
from app.services.study_views import StudyView, view_of

_TURNS = 100  # of cancelling a study: each lost one leaves a slot less that could claim


def start_study(context: Context, study_id: StudyId) -> StudyView:
    """A draft becomes active and opens its first round. Raises WrongState otherwise."""
    with context.database.writing() as connection:
        study = studies.lock(connection, study_id)
        if study.state is not StudyState.DRAFT:
            raise WrongState(
                f"only a draft is started; this study is {study.state}",
                hint="POST .../resume if it is paused",
            )
        studies.change_state(connection, study, StudyState.ACTIVE)
        if not rounds.of_study(connection, study_id):
            active = studies.get(connection, study_id)
            open_round(connection, active, first_round(study.definition))
        view = _answer(connection, study_id)
    context.bell.ring()
    return view


def pause_study(context: Context, study_id: StudyId) -> StudyView:
    """No claims from now on; running attempts checkpoint and are released as pre-empted."""
    with context.database.writing() as connection:
        interventions.ask_to_stop(connection, study_id, is_wanted=True)
        trials.set_open(connection, study_id, is_open=False)
        study = studies.lock(connection, study_id)
        studies.change_state(connection, study, StudyState.PAUSED)
        studies.write(connection, study_id, waiting_for=None)  # paused by a person, not by a limit
        return _answer(connection, study_id)


def resume_study(context: Context, study_id: StudyId) -> StudyView:
    """A paused study goes on."""
    with context.database.writing() as connection:
        interventions.ask_to_stop(connection, study_id, is_wanted=False)
        trials.set_open(connection, study_id, is_open=True)
        study = studies.lock(connection, study_id)
        if study.state is StudyState.DRAFT:
            raise WrongState("this study is a draft", hint="POST .../start")
        studies.change_state(connection, study, StudyState.ACTIVE)
        studies.write(connection, study_id, waiting_for=None)
        view = _answer(connection, study_id)
    context.bell.ring()
    return view


def cancel_study(context: Context, study_id: StudyId) -> StudyView:
    """Waiting and running trials are cancelled; what ended stays, and its rounds are reviewed."""
    for _ in range(_TURNS):
        try:
            with context.database.writing() as connection:
                view = _cancel(connection, study_id)
        except _ClaimedMeanwhile:
            continue
        context.bell.ring()
        return view
    raise WrongState("trials of this study are claimed all the time", hint="cancel it again")


class _ClaimedMeanwhile(Exception):
    """A claim was committed after the attempts were held; the order of locks wants them first."""


def _cancel(connection: Connection, study_id: StudyId) -> StudyView:
    running = attempts.hold_live(connection, study_id)
    trials.cancel_waiting(connection, study_id, EndReason.CANCELLED)
    for held in running:
        cancel_held(connection, held)
    study = studies.lock(connection, study_id)  # no claim passes from here on
    if limited.unfinished(connection, study_id):
        raise _ClaimedMeanwhile
    studies.change_state(connection, study, StudyState.CANCELLED)
    _close_open_rounds(connection, study)
    return _answer(connection, study_id)


def _close_open_rounds(connection: Connection, study: Study) -> None:
    for found in rounds.of_study(connection, study.id):
        rounds.write(connection, found, points_to_draw=0)
        enter_review_if_over(connection, study.id, found.number)


def _answer(connection: Connection, study_id: StudyId) -> StudyView:
    waiting.refresh(connection, study_id)
    return view_of(connection, studies.get(connection, study_id))
