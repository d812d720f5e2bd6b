"""Which duties there are, how often, in which order."""

from app.conductor.autopilot import apply_autopilot
from app.conductor.loop import Duty
from app.conductor.relay import mark_broker_as_ours, relay_wake_ups
from app.conductor.review import review_rounds
from app.conductor.suggest import suggest_points
from app.conductor.sweep import sweep_leases
from app.settings import Settings

MARK_SECONDS = 10.0  # a Redis that forgot everything is known again soon


def duties(settings: Settings) -> tuple[Duty, ...]:
    """Every duty of the conductor."""
    tick = settings.tick_seconds
    return (
        Duty("sweep expired leases", settings.sweep_seconds, sweep_leases),
        Duty("suggest points", tick, suggest_points),
        Duty("review rounds", tick, review_rounds),
        Duty("apply the autopilot", tick, apply_autopilot),
        Duty("relay wake-ups", tick, relay_wake_ups),
        Duty("mark the broker", MARK_SECONDS, mark_broker_as_ours),
    )
