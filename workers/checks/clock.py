"""The node's wall clock beside the API's: nothing is measured by it, it is what people read."""

import time
from email.utils import parsedate_to_datetime

from paceline.checks import Check, ok, warn

CLOCK_SECONDS = 5.0  # more than the whole seconds of a Date header and a slow network make


def wall_seconds() -> float:
    return time.time()


def ahead_of(date: str | None, now: float) -> float | None:
    """Seconds that the header is ahead; it cuts off half a second on average. None: it says
    nothing."""
    try:
        return parsedate_to_datetime(date).timestamp() + 0.5 - now if date else None
    except ValueError:
        return None


def compare_clocks(ahead_seconds: float | None) -> Check:
    """`ahead_seconds`: the API's; None: it did not say. Leases are counted by the database's clock
    and keepers by the time since boot, so that only people are misled."""
    if ahead_seconds is None:
        hint = "let the proxy in front of the API pass the header Date on"
        return warn("clock", "not compared: the service's answer has no Date", hint)
    apart = abs(ahead_seconds)
    where = "ahead of" if ahead_seconds > 0 else "behind"
    if apart > CLOCK_SECONDS:
        return warn(
            "clock",
            f"the API's clock is {apart:.0f} s {where} this node's; leases do not depend on it, "
            "only the times that are shown",
            "let both follow one time server (timedatectl set-ntp true)",
        )
    return ok("clock", f"within {CLOCK_SECONDS:g} s of the API's")
