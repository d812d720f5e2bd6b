"""What a worker says while nobody answers: one plain line a try, with the wait and the reason."""

import structlog
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

NO_SERVICE = "no answer from the service, trying again"
NO_STORE = "checkpoint store away, trying again"

log = structlog.get_logger()


def speak_plainly() -> None:
    """Replace the library's own retry lines by ours, in this process."""
    set_on_retry_hooks([_say])


def _say(details: RetryDetails) -> None:
    log.warning(
        NO_STORE if isinstance(details.caused_by, OSError) else NO_SERVICE,
        why=str(details.caused_by),
        tries=details.retry_num,
        again_in_seconds=round(details.wait_for, 1),
    )
