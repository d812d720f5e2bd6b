"""Trials: read, list, cancel and retry them."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.db import (
    attempts,
    outbox,
    rounds,
    studies,
    total_budget,
    trial_pages,
    trial_parts,
    trials,
)
from app.db.database import Connection
from app.db.studies import Study
from app.db.trial_pages import Filter
from app.db.trial_parts import Parts
from app.domain.budget import Room, smaller_room
from app.domain.errors import WrongState
from app.domain.ids import StudyId, TrialId
from app.domain.states import ENDED_STUDIES, LIVE_ATTEMPTS, EndReason, RoundState, TrialState
from app.domain.trials import Trial
from app.services import waiting
from app.services.affordable import least_reservation, room_of
from app.services.context import Context
from app.services.losing import cancel_held
from app.services.opening import enter_review_if_over
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class TrialView:
    """A trial with its attempts and checkpoints; `waiting_for`: the limit that it does not fit."""

    trial: Trial
    parts: Parts
    waiting_for: str | None = None


def view_of(connection: Connection, settings: Settings, trial: Trial) -> TrialView:
    """The view of one trial."""
    return views_of(connection, settings, [trial])[0]


def views_of(connection: Connection, settings: Settings, found: Sequence[Trial]) -> list[TrialView]:
    """The views of many trials of a study, in two statements, or four where some wait."""
    parts = trial_parts.of_trials(connection, [trial.id for trial in found])
    waiting_ones = [trial for trial in found if trial.state is TrialState.WAITING]
    limits = _limits(connection, waiting_ones[0].study_id) if waiting_ones else None
    return [
        TrialView(trial, parts[trial.id], _waiting_for(settings, limits, trial, parts[trial.id]))
        for trial in found
    ]


@dataclass(frozen=True, slots=True)
class _Limits:
    """A study, and what is left of its limits and of those of all studies together."""

    study: Study
    room: Room


def _limits(connection: Connection, study_id: StudyId) -> _Limits:
    study = studies.get(connection, study_id)
    return _Limits(study, smaller_room(room_of(study), total_budget.totals(connection).room))


def _waiting_for(
    settings: Settings, limits: _Limits | None, trial: Trial, parts: Parts
) -> str | None:
    if limits is None or trial.state is not TrialState.WAITING:
        return None
    saved = [kept.step for kept in parts.checkpoints]
    needed = least_reservation(settings, limits.study, trial, saved)
    return None if limits.room.holds(needed) else waiting.LIMIT


def read_trial(context: Context, trial_id: TrialId) -> TrialView:
    """The trial. Raises MissingObject."""
    with context.database.reading() as connection:
        return view_of(connection, context.settings, trials.get(connection, trial_id))


def list_trials(
    context: Context, wanted: Filter, cursor: str | None, limit: int
) -> tuple[list[TrialView], str | None]:
    """A page of a study's trials, and the cursor of the next. Raises MissingObject."""
    with context.database.reading() as connection:
        studies.get(connection, wanted.study_id)
        found, following = trial_pages.page(connection, wanted, cursor, limit)
        return views_of(connection, context.settings, found), following


def cancel_trial(context: Context, trial_id: TrialId) -> TrialView:
    """End a waiting or running trial; its attempt's next write is refused. Raises WrongState."""
    with context.database.writing() as connection:
        trial = trials.get(connection, trial_id)
        _cancel(connection, trial)
        enter_review_if_over(connection, trial.study_id, trial.round)
        waiting.refresh(connection, trial.study_id)
        view = view_of(connection, context.settings, trials.get(connection, trial_id))
    context.bell.ring()
    return view


def _cancel(connection: Connection, seen: Trial) -> None:
    """Attempt first, then trial (the order of locks), so another claim may come in between."""
    if seen.state is TrialState.RUNNING and seen.attempt_id is not None:
        held = attempts.hold(connection, seen.attempt_id)
        if held.attempt.state in LIVE_ATTEMPTS:
            cancel_held(connection, held)
            return
    trial = trials.lock(connection, seen.id)
    if trial.state is TrialState.RUNNING:
        raise WrongState(
            f"trial {trial.number} was claimed at this very moment", hint="cancel it again"
        )
    trials.change_state(connection, trial, TrialState.CANCELLED, EndReason.CANCELLED)


def retry_trial(context: Context, trial_id: TrialId) -> TrialView:
    """A failed or cancelled trial of an open round waits again, its failures forgotten.

    Raises WrongState for other trials, a round that is not open, and a study that has ended.
    """
    with context.database.writing() as connection:
        trial = trials.lock(connection, trial_id)
        _refuse_retry(trial)
        study = studies.lock(connection, trial.study_id)
        found = rounds.lock(connection, trial.study_id, trial.round)
        if found.state is not RoundState.OPEN or study.state in ENDED_STUDIES:
            raise WrongState(
                f"round {found.number} is {found.state} and the study {study.state}:"
                " a trial is retried in an open round",
                hint=f"POST /v1/studies/{study.id}/rounds/{found.number}/trials adds points,"
                " which opens the round again",
            )
        trials.change_state(connection, trial, TrialState.WAITING)
        trials.write(connection, trial_id, failures=0, not_before=0.0)
        outbox.add_wake_up(connection, study.definition.gpus)
        waiting.refresh(connection, trial.study_id)
        view = view_of(connection, context.settings, trials.get(connection, trial_id))
    context.bell.ring()
    return view


def _refuse_retry(trial: Trial) -> None:
    """A running trial may come to wait, but not by a retry: its attempt would go on writing."""
    if trial.state not in (TrialState.FAILED, TrialState.CANCELLED):
        raise WrongState(
            f"trial {trial.number} is {trial.state}: only a failed or cancelled one is retried",
            hint="cancel it first" if trial.state is TrialState.RUNNING else "",
        )


def wanted_trials(
    study_id: StudyId, round_number: int | None, state: TrialState | None, order: str
) -> Filter:
    """What a list of trials asks for."""
    return Filter(study_id, round_number, state, order)
