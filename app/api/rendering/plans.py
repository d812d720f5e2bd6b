"""Plans as answers: costs, dates, and the fields of a study that carries one out."""

from typing import Any  # Any: JSON

from app import wire
from app.api.answers import rfc3339
from app.domain.plans import PlanRequest
from app.domain.studies import Workload
from app.services.plans import DatedPlan

Json = dict[str, Any]  # Any: JSON
FAR_AWAY = 253402300799.0  # the last second that RFC 3339 can write


def plan_answer(plan: DatedPlan, request: PlanRequest) -> Json:
    """An alternative; `ends_at` counts from now, one round after the other."""
    answer: Json = wire.to_wire(plan.alternative)
    for one, moment in zip(answer["rounds"], plan.round_ends_at, strict=True):
        one["ends_at"] = _date(moment)
    answer["total"]["ends_at"] = answer["rounds"][-1]["ends_at"]
    first = plan.alternative.rounds[0]
    answer["study"] = {
        "workload": Workload.COMPUTE_BOUND,
        "max_train_steps": first.max_train_steps,
        "trials": first.trials,
        "production_steps": request.production_steps,
        "limits": wire.to_wire(plan.limits),
    }
    return answer


def _date(moment: float | None) -> str | None:
    """None beyond the year 9999, too."""
    return rfc3339(moment) if moment is None or moment <= FAR_AWAY else None
