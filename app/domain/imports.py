"""Imports: trials that ran elsewhere, as their owner tells them, and what they become here."""

from dataclasses import dataclass
from typing import ClassVar

from app.domain.audits import AuditOutcome, AuditTrial
from app.domain.curves import Batch, Best, follow
from app.domain.space import STRICT_FIELDS
from app.domain.states import EndReason, TrialState
from app.domain.studies import Direction

CENSORED_SHARE = 0.02  # of the horizon: how far the last step may lie below it (policy section 0)


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """Finished trials for one round."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    round: int
    trials: tuple[AuditTrial, ...]


@dataclass(frozen=True, slots=True)
class Ending:
    """How an imported trial ended."""

    state: TrialState
    reason: EndReason
    censored: bool
    best: Best


def ending(
    outcome: AuditOutcome, batch: Batch, grid: tuple[int, int], objective: tuple[str, Direction]
) -> Ending:
    """The state of a trial with this curve; `grid`: the evaluation interval and the horizon."""
    best = follow(Best(), batch, *objective)
    if outcome is AuditOutcome.FAILED:
        return Ending(TrialState.FAILED, EndReason.CRASHED, False, best)
    if outcome is AuditOutcome.DIVERGED or best.first_nonfinite_step is not None:
        return Ending(TrialState.DIVERGED, EndReason.DIVERGED, False, best)
    if best.value is None:
        return Ending(TrialState.FAILED, EndReason.NO_MEASUREMENT, False, best)
    interval_steps, horizon_steps = grid
    missing = horizon_steps - best.last_step
    is_short = missing > max(CENSORED_SHARE * horizon_steps, interval_steps)
    is_censored = is_short or outcome is AuditOutcome.CENSORED
    return Ending(TrialState.COMPLETED, EndReason.COMPLETED, is_censored, best)
