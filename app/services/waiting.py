"""What a study waits for (contract section 4): a pure answer, stored in the transaction that
causes it."""

from dataclasses import dataclass

from app.db import recommendations, rounds, studies
from app.db.database import Connection
from app.db.recommendations import Recommendation
from app.db.studies import Study
from app.domain.ids import StudyId
from app.domain.recommendations import Advice, Cost
from app.domain.rounds import Round
from app.domain.states import RoundState, StudyState
from app.domain.studies import Autopilot
from app.planning.autopilot import is_acceptable_by_autopilot
from app.services import facts

LIMIT, REVIEW, TRIALS, ACCEPTANCE = "limit", "review", "trials", "acceptance"
SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Situation:
    """What the answer depends on; `is_automatic`: the autopilot takes the open recommendation."""

    state: StudyState
    is_limited: bool = False
    has_review: bool = False
    has_trials: bool = False
    has_recommendation: bool = False
    is_automatic: bool = False
    is_affordable: bool = True


def waiting_for(situation: Situation) -> str | None:
    """The first that applies: limit, review, trials, acceptance."""
    if situation.state not in (StudyState.ACTIVE, StudyState.PAUSED):
        return None
    asks = situation.has_recommendation and not situation.has_trials
    if situation.is_limited or (asks and situation.is_automatic and not situation.is_affordable):
        return LIMIT
    if situation.has_review:
        return REVIEW
    if situation.has_trials:
        return TRIALS if situation.state is StudyState.ACTIVE else None
    return ACCEPTANCE if asks and not situation.is_automatic else None


def refresh(connection: Connection, study_id: StudyId) -> str | None:
    """Store what the study waits for now; call it last in a transaction that changes any of it."""
    study = studies.get(connection, study_id)
    answer = waiting_for(situation_of(connection, study))
    if answer != study.waiting_for:
        studies.write(connection, study_id, waiting_for=answer)
    return answer


def situation_of(connection: Connection, study: Study) -> Situation:
    """Read what the answer depends on."""
    found = rounds.of_study(connection, study.id)
    has_trials = any(_is_running(one) for one in found)
    advice = _open_advice(connection, study)
    asks = advice is not None and not has_trials
    return Situation(
        state=study.state,
        is_limited=study.state is StudyState.PAUSED and study.waiting_for == LIMIT,
        has_review=any(one.state is RoundState.IN_REVIEW for one in found),
        has_trials=has_trials,
        has_recommendation=advice is not None,
        is_automatic=advice is not None and asks and is_automatic(connection, study, advice),
        is_affordable=advice is None or is_affordable(study, advice.cost),
    )


def is_automatic(connection: Connection, study: Study, advice: Advice) -> bool:
    """Whether the autopilot accepts this advice, limits of steps and GPU-hours aside."""
    autopilot = study.definition.autopilot
    if autopilot is Autopilot.OFF or study.state is not StudyState.ACTIVE:
        return False
    known = facts.outline(connection, study.id)
    return is_acceptable_by_autopilot(known, advice, autopilot)[0]


def is_affordable(study: Study, cost: Cost) -> bool:
    """Whether the cost fits what is left of the study's limits."""
    steps, seconds = study.steps.left, study.gpu_seconds.left
    fits_steps = steps is None or cost.steps <= steps
    return fits_steps and (seconds is None or cost.gpu_hours * SECONDS_PER_HOUR <= seconds)


def _is_running(one: Round) -> bool:
    left = one.counts["waiting"] + one.counts["running"] + one.points_to_draw
    return one.state is RoundState.OPEN and left > 0


def _open_advice(connection: Connection, study: Study) -> Advice | None:
    found: list[Recommendation] = recommendations.open_ones(connection, study.id)
    return found[-1].advice if found else None
