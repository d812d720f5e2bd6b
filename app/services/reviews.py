"""Reviews: judge a round, advise, and save both with everything that follows in one transaction.

The judging happens outside of any transaction; what was judged is compared with what is stored
before anything is saved, so that two conductors, or points added meanwhile, do no harm.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.db import recommendations, rounds, studies, trials
from app.db.database import Connection
from app.db.recommendations import Recommendation
from app.db.studies import Study
from app.domain.errors import InvalidInput, RefusedByRules
from app.domain.ids import StudyId, TrialId
from app.domain.recommendations import Advice, Assessment
from app.domain.retries import back_off_seconds
from app.domain.rounds import Action, ReviewProblem, Round
from app.domain.states import RecommendationState, RoundState, StudyState, TrialState
from app.domain.studies import StudyDefinition
from app.domain.trials import Trial
from app.planning.adviser import consult
from app.planning.autopilot import is_acceptable_by_autopilot
from app.planning.case import Reviews
from app.planning.study_best import study_best
from app.policy.engine import assess, merge
from app.policy.facts import StudyFacts
from app.services import acceptance, facts, gate, waiting
from app.services.context import Context

PROBLEM_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Review:
    """What was judged, and what came out."""

    judged: Round
    definition: StudyDefinition
    assessment: Assessment
    advice: Advice
    best_trial_id: str | None
    is_automatic: bool


def rounds_to_review(context: Context) -> list[tuple[StudyId, int]]:
    """Every round whose last trial has ended."""
    with context.database.reading() as connection:
        return rounds.in_review(connection)


def review_round(context: Context, study_id: StudyId, number: int) -> bool:
    """Whether the round was reviewed now; False: another was faster, or it was opened again."""
    with context.database.reading() as connection:
        judged = rounds.get(connection, study_id, number)
        if judged.state is not RoundState.IN_REVIEW:
            return False
        known = facts.load(connection, study_id)
        assessments = rounds.assessments_of_study(connection, study_id)
    review = _judge(study_id, judged, known, assessments)
    with context.database.writing() as connection:
        is_saved = _save(connection, study_id, review)
    context.bell.ring()
    return is_saved


def note_failure(context: Context, study_id: StudyId, number: int, error: Exception) -> str:
    """Keep in the round's row why its review failed, for a person to see; the trace's id."""
    trace_id = secrets.token_hex(8)
    with context.database.writing() as connection:
        studies.lock(connection, study_id)
        found = rounds.lock(connection, study_id, number)
        if found.state is RoundState.IN_REVIEW:
            tries = found.problem.tries if found.problem else 0
            text = f"{type(error).__name__}: {error}"[:PROBLEM_CHARACTERS]
            problem = ReviewProblem(text, trace_id, tries + 1)
            rounds.write_problem(connection, found, problem, back_off_seconds(tries))
            studies.write(connection, study_id)
    return trace_id


def read_assessment(context: Context, study_id: StudyId, number: int) -> Assessment:
    """What the last review said; before the round's end a provisional one, judged now."""
    with context.database.reading() as connection:
        found = rounds.get(connection, study_id, number)
        stored = rounds.assessment_of(connection, study_id, number)
        if found.state is RoundState.CLOSED and stored is not None:
            return stored
        known = facts.load(connection, study_id)
    return assess(known, number, provisional=True)


def _judge(
    study_id: StudyId, judged: Round, known: StudyFacts, assessments: Mapping[int, Assessment]
) -> Review:
    reviews = Reviews(known)
    assessment = assess(known, judged.number, prepare_round=lambda _, number: reviews.of(number))
    judgements = {**assessments, judged.number: assessment}
    consulted = consult(known, judgements, judged.number, reviews)
    assessment, advice = merge(assessment, consulted.promotion), consulted.advice
    if advice.blocked_by:
        places = gate.places_of(
            advice.blocked_by, {**judgements, judged.number: assessment}, gate.rounds_of(advice)
        )
        told = gate.way_out(study_id, places)
        advice = replace(advice, sentence=f"{advice.sentence} {told}.")
    best = study_best(known, reviews)
    is_automatic, _ = is_acceptable_by_autopilot(known, advice, known.definition.autopilot)
    best_trial_id = best.trial_id if best else None
    return Review(judged, known.definition, assessment, advice, best_trial_id, is_automatic)


def _save(connection: Connection, study_id: StudyId, review: Review) -> bool:
    study = studies.lock(connection, study_id)
    found = rounds.lock(connection, study_id, review.judged.number)
    if found != review.judged or study.definition != review.definition:
        return False
    rounds.write_assessment(connection, found, review.assessment)
    rounds.change_state(connection, found, RoundState.CLOSED)
    for old in recommendations.open_ones(connection, study_id):
        recommendations.decide(connection, old, RecommendationState.SUPERSEDED)
    if study.state is StudyState.CANCELLED:
        return True
    advised = recommendations.insert_one(connection, study_id, review.advice)
    best = trials.get(connection, TrialId(review.best_trial_id)) if review.best_trial_id else None
    studies.write(
        connection,
        study_id,
        best_trial_id=best.id if best else None,
        best_value=_comparable(best) if best else None,
        recommendation_id=advised.id,
    )
    _act(connection, study, advised, is_automatic=review.is_automatic)
    waiting.refresh(connection, study_id)
    return True


def _comparable(best: Trial) -> float | None:
    """What later trials are compared with; one that diverged gives way to any."""
    return None if best.state is TrialState.DIVERGED else best.best.value


def _act(
    connection: Connection, study: Study, advised: Recommendation, *, is_automatic: bool
) -> None:
    """What follows without a person: a free finish ends the study, the autopilot accepts."""
    if study.state is not StudyState.ACTIVE and study.state is not StudyState.PAUSED:
        return
    if advised.advice.action is Action.FINISH:
        is_alone = not acceptance.rounds_at_work(connection, study.id)
        if is_alone and not gate.still_blocking(connection, advised):
            acceptance.finish_study(connection, study, advised)
        return
    if is_automatic and study.state is StudyState.ACTIVE:
        accept_automatically(connection, study, advised)


def accept_automatically(connection: Connection, study: Study, advised: Recommendation) -> bool:
    """Whether the autopilot accepted; a proposal that does not fit the limits waits for them, and
    one that cannot run as it is for a person."""
    is_affordable = waiting.is_affordable(study, advised.advice.cost)
    if not is_affordable or gate.still_blocking(connection, advised):
        return False
    if advised.advice.action is Action.FINISH and acceptance.rounds_at_work(connection, study.id):
        return False
    try:
        with connection.begin_nested():
            acceptance.accept(connection, studies.get(connection, study.id), advised)
    except (InvalidInput, RefusedByRules) as error:
        _leave_to_a_person(connection, advised, error)
        return False
    return True


def _leave_to_a_person(
    connection: Connection, advised: Recommendation, problem: InvalidInput | RefusedByRules
) -> None:
    """Else the review would fail again and again, and the study wait for nobody."""
    told = f"{advised.advice.sentence} It cannot run as it is: {problem}."
    advice = replace(advised.advice, sentence=told, is_decided=False, confidence="low")
    recommendations.write_advice(connection, advised, advice)
