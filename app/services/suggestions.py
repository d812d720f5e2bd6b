"""Points of adaptive samplers: drawn a little ahead of the workers, from what has ended so far."""

import math
from collections.abc import Sequence

from app.db import rounds, studies, trials
from app.db.database import Connection
from app.domain.errors import ExtraMissing
from app.domain.ids import StudyId
from app.domain.rounds import Point, Round
from app.domain.states import RoundState, StudyState, TrialState
from app.domain.studies import Direction
from app.domain.trials import Trial
from app.sampling.adaptive import Observation, Question, suggest
from app.sampling.request import Values
from app.services import waiting
from app.services.context import Context
from app.services.opening import enter_review_if_over, store_trials
from app.services.round_plan import RoundPlan, explicit_trials

AHEAD_POINTS = 2  # waiting points that a round keeps ready, so that no slot waits for the sampler


def rounds_owing(context: Context) -> list[tuple[StudyId, int]]:
    """Every open round whose adaptive sampler still owes points."""
    with context.database.reading() as connection:
        return rounds.owing_points(connection)


def top_up(context: Context, study_id: StudyId, number: int) -> int:
    """Draw what the round wants now; how many points were added."""
    with context.database.reading() as connection:
        found = rounds.get(connection, study_id, number)
        study = studies.get(connection, study_id)
        own = trials.of_round(connection, study_id, number)
    wanted = min(found.points_to_draw, AHEAD_POINTS - found.counts[TrialState.WAITING])
    if wanted <= 0 or study.state is not StudyState.ACTIVE or found.state is not RoundState.OPEN:
        return 0
    history = observations(own, study.definition.objective.direction)
    drawn = _draw(found, (study_id, number), history, wanted)
    with context.database.writing() as connection:
        added = _store(connection, found, drawn, len(own))
        waiting.refresh(connection, study_id)
    context.bell.ring()
    return added


def observations(own: Sequence[Trial], direction: Direction) -> list[Observation]:
    """Points with the mean over their seeds, once all of these have ended; diverged is infinite."""
    by_point: dict[str, list[Trial]] = {}
    for trial in own:
        by_point.setdefault(trial.point_key, []).append(trial)
    return [Observation(found[0].params, _value(found, direction)) for found in by_point.values()]


def _value(found: Sequence[Trial], direction: Direction) -> float | None:
    states = {trial.state for trial in found}
    if states & {TrialState.WAITING, TrialState.RUNNING}:
        return None
    if TrialState.DIVERGED in states:
        return math.inf
    values = [t.best.value for t in found if t.state is TrialState.COMPLETED]
    measured = [direction.sign * value for value in values if value is not None]
    return sum(measured) / len(measured) if measured else None


def _draw(
    found: Round, key: tuple[str, int], history: list[Observation], wanted: int
) -> list[Values]:
    definition = found.definition
    drawn: list[Values] = []
    for _ in range(wanted):
        pending = [Observation(values, None) for values in drawn]
        question = Question(key, definition.sampler, definition.parameters, [*history, *pending])
        values = _suggest(question)
        if values is None:
            break
        drawn.append(values)
    return drawn


def _suggest(question: Question) -> Values | None:
    try:
        return suggest(question)
    except ExtraMissing:
        return None  # refused at admission; here the installation changed under a running study


def _store(connection: Connection, seen: Round, drawn: list[Values], points_known: int) -> int:
    """A sampler that found nothing new has exhausted the space: the round ends early."""
    study = studies.lock(connection, StudyId(seen.study_id))
    found = rounds.lock(connection, study.id, seen.number)
    if found.points_to_draw != seen.points_to_draw or found.state is not RoundState.OPEN:
        return 0
    left = found.points_to_draw - len(drawn) if drawn else 0
    rounds.write(connection, found, points_to_draw=left)
    points = [Point(values) for values in drawn]
    planned = explicit_trials(found.definition, points, points_known)
    store_trials(connection, study, found, RoundPlan(planned, study.next_index))
    enter_review_if_over(connection, study.id, found.number)
    return len(drawn)
