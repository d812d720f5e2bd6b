"""The domain error tree. `app/api/errors.py` maps each class to a status and a problem type.

DomainError
  InvalidInput            a value that cannot be used (InvalidDefinition, HorizonExceeded,
  RefusedByRules, ...)
  MissingObject           no study, trial, attempt ... under that id
  StateConflict           a correct request at the wrong moment (StaleAttempt, WrongState, ...)
  AccessRefused           no token, a wrong token, a token without the scope
  RequestRefused          a body that cannot be read (malformed, too large, wrong media type)
"""

from collections.abc import Mapping, Sequence
from typing import Any  # Any: findings are JSON-ready verdicts, rendered as they are


class DomainError(Exception):
    """Something a person or a program asked for that cannot be done; `hint` says what to do
    next."""

    def __init__(
        self, detail: str, *, hint: str = "", findings: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.findings = tuple(findings)

    def extra(self) -> dict[str, object]:
        """Fields that belong to this problem alone, added to the rendered problem."""
        return {}


class InvalidInput(DomainError, ValueError):
    """The request was understood and cannot be used as it is."""


class InvalidDefinition(InvalidInput):
    """A study, round, parameter or schedule that contradicts itself."""


class RefusedByRules(InvalidInput):
    """An enforced admission rule found something; `findings` holds the verdicts."""


class HorizonExceeded(InvalidInput):
    """HZN103: measurements beyond the horizon; nothing of the batch was kept."""

    def __init__(self, detail: str, *, first_refused_step: int, hint: str = "") -> None:
        super().__init__(detail, hint=hint)
        self.first_refused_step = first_refused_step

    def extra(self) -> dict[str, object]:
        return {"first_refused_step": self.first_refused_step}


class KeyReused(InvalidInput):
    """An Idempotency-Key that was used before with another body."""


class ExtraMissing(InvalidInput):
    """An optional part of the installation is absent; the hint is the line to type."""


class MissingObject(DomainError):
    """Nothing is stored under that id."""


class StateConflict(DomainError):
    """A correct request at the wrong moment."""


class WrongState(StateConflict):
    """The object's state, or a limit, does not allow this now."""


class StaleAttempt(StateConflict):
    """The attempt no longer holds its trial: its writes are refused (fencing)."""


class ConflictingMeasurement(StateConflict):
    """Another value is already stored for this step; the first is kept."""


class RecommendationSuperseded(StateConflict):
    """A newer review replaced this recommendation."""


class BlockedByFindings(StateConflict):
    """The gate: enforced findings stand; `findings` holds them."""


class AccessRefused(DomainError):
    """Who asks may not."""


class Unauthenticated(AccessRefused):
    """No token, or one that is unknown, revoked or expired."""


class Forbidden(AccessRefused):
    """The token lacks the scope."""


class TooManyFailures(AccessRefused):
    """Repeated failed authentication from one address."""


class RequestRefused(DomainError):
    """The body could not be read."""


class MalformedJson(RequestRefused):
    """Broken JSON, or a bare NaN or Infinity token."""


class TooLarge(RequestRefused):
    """A body, a count or a depth beyond its limit; the detail names the limit."""


class WrongMediaType(RequestRefused):
    """The body is not application/json."""


class PreconditionFailed(DomainError):
    """If-Match names another version than the stored one."""


class PreconditionRequired(DomainError):
    """This change wants an If-Match header."""
