"""A spent limit: nothing is reserved and no trial that waits would fit, so the study ends here."""

from app.db import attempts, checkpoints, limited, rounds, studies, trial_parts, trials
from app.db.attempts import Held
from app.db.database import Connection
from app.domain.budget import room_after, settle
from app.domain.ids import StudyId
from app.domain.states import AttemptState, EndReason, StudyState, TrialState
from app.services import waiting
from app.services.affordable import least_reservation, room_of
from app.services.context import Context
from app.services.losing import end_lost
from app.services.opening import enter_review_if_over
from app.settings import Settings


def end_spent_studies(context: Context) -> list[StudyId]:
    """Cancel (`budget`) what a study can no longer afford; it pauses, waiting for its limit."""
    with context.database.reading() as connection:
        suspects = [
            study_id
            for study_id in limited.with_limits(connection)
            if _is_spent(connection, context.settings, study_id)
        ]
    return [study_id for study_id in suspects if _end(context, study_id)]


def _is_spent(connection: Connection, settings: Settings, study_id: StudyId) -> bool:
    """Whether nothing runs but lapsed attempts, and nothing would fit after their settlement."""
    live = [attempts.look(connection, one) for one in attempts.live_of_study(connection, study_id)]
    if not all(_has_lapsed(held) for held in live):
        return False
    study = studies.get(connection, study_id)
    room = room_of(study)
    for held in live:
        kept = checkpoints.last_step_of(connection, held.attempt.id)
        settled = settle(held.attempt, AttemptState.LOST, held.trial.gpus, held.now, kept)
        room = room_after(room, settled)
    found = limited.unfinished(connection, study_id)
    saved = trial_parts.checkpoint_steps(connection, [trial.id for trial in found])
    return bool(found) and not any(
        room.holds(least_reservation(settings, study, trial, saved.get(trial.id, ())))
        for trial in found
    )


def _has_lapsed(held: Held) -> bool:
    """Whether anybody may take it over: those that are heard first may end by themselves."""
    claimable_at = held.trial.claimable_at
    return claimable_at is not None and claimable_at <= held.now


def _end(context: Context, study_id: StudyId) -> bool:
    with context.database.writing() as connection:
        lapsed = attempts.hold_live(connection, study_id)
        if not _is_spent(connection, context.settings, study_id):
            return False
        trials.cancel_waiting(connection, study_id, EndReason.BUDGET)
        for held in lapsed:
            end_lost(connection, held.attempt, held.trial)
            trials.change_state(connection, held.trial, TrialState.CANCELLED, EndReason.BUDGET)
        study = studies.lock(connection, study_id)
        studies.change_state(connection, study, StudyState.PAUSED)
        studies.write(connection, study_id, waiting_for=waiting.LIMIT)
        for found in rounds.of_study(connection, study_id):
            rounds.write(connection, found, points_to_draw=0)
            enter_review_if_over(connection, study_id, found.number)
    context.bell.ring()
    return True
