"""Leases: who was seen, which lapsed attempts may be taken over, and giving one up at once."""

from dataclasses import replace

from app.db import attempts, lapsed, service_state
from app.db.outbox import add_wake_up
from app.domain.ids import AttemptId
from app.domain.leases import Timing, is_quiet, quiet_after_api, quiet_after_sweep
from app.domain.reports import ClaimRequest
from app.domain.states import LIVE_ATTEMPTS
from app.services.context import Context
from app.services.fleet import LEASE_EXPIRIES
from app.services.losing import lose_and_release


def note_api_seen(context: Context) -> None:
    """An API process is there; after an outage nodes are heard for one lease first."""
    with context.database.writing() as connection:
        watch, now = service_state.watch(connection)
        quiet_until = quiet_after_api(watch, now, _timing(context))
        service_state.note(connection, api_seen_at=now, quiet_until=quiet_until)


def mark_expired(context: Context) -> list[AttemptId]:
    """Let attempts whose lease has expired be taken over, unless the nodes could not be heard."""
    with context.database.writing() as connection:
        watch, now = service_state.watch(connection)
        quiet_until = quiet_after_sweep(watch, now, _timing(context))
        service_state.note(connection, last_sweep_at=now, quiet_until=quiet_until)
        if is_quiet(replace(watch, quiet_until=quiet_until), now, _timing(context)):
            return []
        found = lapsed.expired(connection)
    return [attempt_id for attempt_id in found if _mark(context, attempt_id)]


def release_lost(context: Context, attempt_id: AttemptId) -> None:
    """The slot moved on: its unfinished older attempt is lost, the trial waits again."""
    with context.database.writing() as connection:
        held = attempts.hold(connection, attempt_id)
        if held.attempt.state not in LIVE_ATTEMPTS:
            return
        lose_and_release(connection, held)
    context.bell.ring()


def hear_first(context: Context, request: ClaimRequest) -> None:
    """The worker was cut off and is back: its lapsed attempts have one more lease in which to
    report, each but once, for the slot that ran one may be gone."""
    with context.database.reading() as connection:
        found = lapsed.unheard_of(connection, request)
    for trial_id in found:
        with context.database.writing() as connection:
            lapsed.hear_first(connection, trial_id, context.settings.lease_seconds)


def release_all_live(context: Context) -> list[AttemptId]:
    """After a restore: what live attempts have reported since the backup is gone, and they do not
    know it, so none may go on; their trials wait."""
    with context.database.reading() as connection:
        found = lapsed.live(connection)
    for attempt_id in found:
        release_lost(context, attempt_id)
    return found


def _mark(context: Context, attempt_id: AttemptId) -> bool:
    with context.database.writing() as connection:
        gpus = lapsed.mark(connection, attempt_id)
        if gpus is not None:
            service_state.count(connection, LEASE_EXPIRIES)
            add_wake_up(connection, gpus)
    context.bell.ring()
    return gpus is not None


def _timing(context: Context) -> Timing:
    settings = context.settings
    return Timing(settings.lease_seconds, settings.sweep_seconds)
