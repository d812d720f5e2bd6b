"""Builders for the rules of a promotion: a reviewed round, and the round proposed after it."""

from collections.abc import Iterable
from typing import Any  # Any: a builder forwards whatever field a test wants to set

from app.domain.ids import TrialId
from app.domain.recommendations import JudgedVerdict
from app.domain.rounds import Origin, Point, Purpose, Relation, RoundDefinition
from app.domain.schedules import ScheduleDefinition
from app.domain.space import Value
from app.policy.engine import assess_promotion, judge_schedule
from app.policy.facts import StudyFacts, TrialFacts
from app.policy.prepare import prepare
from app.policy.promotions import promotion_of
from app.policy.schedule_changes import ScheduleChange
from paceline.schedules import Schedule
from tests.unit.policy.builders import round_definition, tune_study, valley


def tuned(**changes: Any) -> StudyFacts:
    """Nine rates at 1,000 steps, the best (0.01) well inside."""
    return tune_study(valley(0.01), **changes)


def best_of(study: StudyFacts, count: int, number: int = 1) -> tuple[TrialFacts, ...]:
    """The trials of the best configurations of a round."""
    return tuple(c.trials[0] for c in prepare(study, number).configurations[:count])


def same(trial: TrialFacts, schedule: ScheduleDefinition | None = None) -> Point:
    """The trial's configuration, as it is."""
    return Point(dict(trial.params), schedule, Origin(TrialId(trial.trial_id)))


def variant(
    trial: TrialFacts, schedule: ScheduleDefinition | None = None, **params: Value
) -> Point:
    """The trial's configuration with other values."""
    origin = Origin(TrialId(trial.trial_id), Relation.VARIANT)
    return Point({**trial.params, **params}, schedule, origin)


def proposed(
    study: StudyFacts, steps: int, points: Iterable[Point] = (), **changes: Any
) -> RoundDefinition:
    """A final round of these points; without any, of the best three configurations as they are."""
    given = tuple(points) or tuple(same(t) for t in best_of(study, 3))
    fields = {"purpose": Purpose.FINAL, "max_train_steps": steps, "trials": None, **changes}
    return round_definition(study.definition, points=given, **fields)


def verdict_on(
    study: StudyFacts, proposal: RoundDefinition, code: str, number: int = 1, **how: Any
) -> JudgedVerdict:
    """What one rule says of the proposal after the review of a round, through the engine."""
    passed: set[int] = how.get("passed", set())
    facts = promotion_of(prepare(study, number), proposal, passed.__contains__)
    (found,) = (v for v in assess_promotion(study, number, facts) if v.code == code)
    return found


def extended(
    before: Schedule, after: Schedule, from_steps: int, to_steps: int, code: str
) -> JudgedVerdict:
    """What one rule says of a bare schedule."""
    change = ScheduleChange(before, after, from_steps, to_steps)
    (found,) = (v for v in judge_schedule(change) if v.code == code)
    return found
