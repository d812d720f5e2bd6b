"""The installation's own budget: read it, change it, and say when it is what a study waits for."""

from dataclasses import dataclass
from typing import ClassVar

from app.db import total_budget
from app.db.database import Connection
from app.db.studies import SECONDS_PER_HOUR, Study, Usage
from app.db.total_budget import Totals
from app.domain.budget import reservation
from app.domain.errors import InvalidInput
from app.domain.rounds import Round
from app.domain.space import STRICT_FIELDS
from app.services.context import Context

UNCHANGED = -1  # null takes a limit away, so absence needs a value of its own


@dataclass(frozen=True, slots=True)
class TotalsPatch:
    """Limits on all studies together; null takes one away."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    total_steps: int | None = UNCHANGED
    gpu_hours: float | None = UNCHANGED


def read_totals(context: Context) -> Totals:
    """What all studies together have spent, reserved and left."""
    with context.database.reading() as connection:
        return total_budget.totals(connection)


def change_totals(context: Context, patch: TotalsPatch) -> Totals:
    """Set limits; what waited for them goes on by itself. Raises InvalidInput below what is used.

    A claim that is on its way while the very first limit is set counts as made before it.
    """
    given = {
        total_budget.STEPS: ("total_steps", patch.total_steps, 1.0),
        total_budget.GPU_SECONDS: ("gpu_hours", patch.gpu_hours, SECONDS_PER_HOUR),
    }
    with context.database.writing() as connection:
        held = total_budget.hold(connection)
        used = {total_budget.STEPS: held.steps, total_budget.GPU_SECONDS: held.gpu_seconds}
        for name, (word, limit, unit) in given.items():
            if limit != UNCHANGED:
                _check(word, limit, used[name], unit)
                stored = None if limit is None else limit * unit
                total_budget.set_limit(connection, name, stored)
        changed = total_budget.totals(connection)
    context.bell.ring()
    return changed


def _check(word: str, limit: float | None, used: Usage, unit: float) -> None:
    taken = (used.spent + used.reserved) / unit
    if limit is not None and limit < max(taken, 0):
        raise InvalidInput(
            f"{word} ({limit:g}) lies below what all studies together have spent and reserved"
            f" ({taken:g})",
            hint="raise it, or pause studies first so that reservations are given back",
        )


def beyond_totals(connection: Connection, study: Study, found: list[Round]) -> str | None:
    """Why no trial that waits fits the total limits, in words; None where one fits."""
    known = total_budget.totals(connection)
    horizons = [one.definition.max_train_steps for one in found if one.counts["waiting"]]
    if not horizons or not known.is_limited:
        return None
    job, speed = study.definition.job, study.seconds_per_step
    if any(known.room.holds(reservation(job, steps, 0, speed, 0.0)) for steps in horizons):
        return None
    return f"all studies together have spent {totals_words(known)}, and a trial needs more"


def totals_words(known: Totals) -> str:
    """`900 of 1000 steps (64 reserved, 36 left)`, and the GPU-hours alike; limits only."""
    steps, gpu = known.steps, known.gpu_seconds
    told = ((steps, 1.0, "steps"), (gpu, SECONDS_PER_HOUR, "GPU-hours"))
    return " and ".join(
        f"{used.spent / unit:.6g} of {used.limit / unit:.6g} {what}"
        f" ({used.reserved / unit:.6g} reserved, {(used.left or 0) / unit:.6g} left)"
        for used, unit, what in told
        if used.limit is not None
    )
