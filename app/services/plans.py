"""Plans: alternatives and verdicts from a question, and when each round would end."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from app.db.service_state import clock
from app.domain.errors import InvalidInput
from app.domain.plans import SECONDS_PER_HOUR, PlanAlternative, PlanRequest
from app.domain.recommendations import JudgedVerdict
from app.domain.schedules import Names
from app.domain.studies import Limits
from app.planning.plans import make_plans, study_limits
from app.planning.schedules import numeric_schedule
from app.policy.engine import judge_plan
from app.policy.plans import PlanFacts
from app.services.context import Context
from paceline.schedules import Schedule, ScheduleError


@dataclass(frozen=True, slots=True)
class DatedPlan:
    """An alternative, the end of each of its rounds (epoch seconds; None: no speed), and the limits
    of a study that carries it out."""

    alternative: PlanAlternative
    round_ends_at: tuple[float | None, ...]
    limits: Limits


@dataclass(frozen=True, slots=True)
class Planned:
    """The answer to a plan's question; findings never refuse."""

    plans: tuple[DatedPlan, ...]
    verdicts: tuple[JudgedVerdict, ...]


def plan(context: Context, request: PlanRequest) -> Planned:
    """Plan as if the first round began now. Raises InvalidInput for a schedule without numbers."""
    try:
        alternatives = make_plans(request, _schedule(request))
    except ScheduleError as error:
        raise InvalidInput(
            str(error), hint="the kinds and their numbers are under /docs"
        ) from error
    with context.database.reading() as connection:
        now = clock(connection)
    return Planned(
        tuple(
            DatedPlan(one, ends_at(one, now), study_limits(request, one)) for one in alternatives
        ),
        judge_plan(PlanFacts(request, alternatives)),
    )


def ends_at(alternative: PlanAlternative, now: float) -> tuple[float | None, ...]:
    """When each round ends, one after the other; None without a speed."""
    hours: Sequence[float | None] = [one.wall_hours for one in alternative.rounds]
    known = [each for each in hours if each is not None]
    if len(known) < len(hours):
        return (None,) * len(hours)
    return tuple(now + spent * SECONDS_PER_HOUR for spent in accumulate(known))


def _schedule(request: PlanRequest) -> Schedule | None:
    """The schedule in numbers; its peak does not matter. Raises ScheduleError."""
    if request.schedule is None:
        return None
    if request.schedule.kind == "custom":
        raise ScheduleError("a custom schedule has no formula to extend; leave `schedule` out")
    return numeric_schedule(request.schedule, Names({}, {}), request.production_steps)
