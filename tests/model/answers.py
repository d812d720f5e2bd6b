"""What a deed answers, or how it is refused, in words that service and model share."""

from collections.abc import Callable

from app.domain.errors import (
    BlockedByFindings,
    ConflictingMeasurement,
    HorizonExceeded,
    InvalidInput,
    StaleAttempt,
    WrongState,
)
from tests.model.fleet import Refused, Stale

Answer = tuple[str, object]


def outcome_of(deed: Callable[[], object]) -> Answer:
    """What a deed answers, or how it is refused, in words that both sides share."""
    try:
        return "done", deed()
    except (Stale, StaleAttempt):
        return "stale", None
    except (Refused, HorizonExceeded, ConflictingMeasurement, InvalidInput, WrongState):
        return "refused", None
    except BlockedByFindings:
        return "refused", None


def done(_: object) -> None:
    """Both sides did it; what the service shows is compared afterwards."""
