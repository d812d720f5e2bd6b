"""Accepting a recommendation: its proposal becomes a round, or a blocked finish ends the study."""

from dataclasses import dataclass, replace

from app.db import recommendations, rounds, studies
from app.db.database import Connection
from app.db.recommendations import Recommendation
from app.db.studies import Study
from app.domain.errors import InvalidInput, RecommendationSuperseded, WrongState
from app.domain.ids import StudyId
from app.domain.rounds import Action, RoundDefinition
from app.domain.states import ENDED_STUDIES, RecommendationState, RoundState, StudyState
from app.domain.studies import MAX_STEPS, Workload
from app.planning.autopilot import is_within_rounds
from app.planning.rounds import first_round
from app.policy.engine import admit_round
from app.services import facts, gate, waiting
from app.services.opening import Proposer, open_round
from app.services.refusals import refuse_enforced
from app.services.study_views import spent_words


@dataclass(frozen=True, slots=True)
class Accepted:
    """`round`: what it opened; None where it ended the study. `is_new` is False on a repetition."""

    round: int | None
    is_new: bool


def accept(
    connection: Connection,
    study: Study,
    found: Recommendation,
    production_steps: int | None = None,
) -> Accepted:
    """Accept open advice of a locked study.

    Raises StateConflicts, and RefusedByRules where the study has changed since the advice was
    given; both say what to do next.
    """
    if found.state is RecommendationState.ACCEPTED:
        return Accepted(found.opened_round, is_new=False)
    _check_open(study, found)
    gate.check_recommendation(connection, found)
    if found.advice.action is Action.FINISH and found.advice.proposal is None:
        return _finish(connection, study, found)
    study, proposal = _proposal(connection, study, found, production_steps)
    _check_room(study)
    refuse_enforced(admit_round(facts.history(connection, study.id), proposal))
    check_rounds_limit(connection, study.id, proposal)
    number = open_round(connection, study, proposal, Proposer(found.advice.action, found.id))
    recommendations.decide(connection, found, RecommendationState.ACCEPTED, number)
    waiting.refresh(connection, study.id)
    return Accepted(number, is_new=True)


def finish_study(connection: Connection, study: Study, found: Recommendation) -> None:
    """The advice is to finish and nothing blocks it."""
    recommendations.decide(connection, found, RecommendationState.ACCEPTED)
    studies.change_state(connection, study, StudyState.COMPLETED)
    waiting.refresh(connection, study.id)


def rounds_at_work(connection: Connection, study_id: StudyId) -> list[int]:
    """Rounds that run, or wait for their review: a study does not end over them."""
    found = rounds.of_study(connection, study_id)
    return [one.number for one in found if one.state is not RoundState.CLOSED]


def check_rounds_limit(
    connection: Connection, study_id: StudyId, definition: RoundDefinition
) -> None:
    """Raises WrongState, naming the limit to PATCH, for a horizon beyond `limits.rounds`."""
    outline = facts.outline(connection, study_id)
    if is_within_rounds(outline, definition):
        return
    limit = outline.definition.limits.rounds
    raise WrongState(
        f"a horizon of {definition.max_train_steps} steps would pass limits.rounds ({limit}):"
        " it counts the distinct horizons of tune and final rounds",
        hint=f'PATCH the study with {{"limits": {{"rounds": {(limit or 0) + 1}}}}}, accept again',
    )


def _check_room(study: Study) -> None:
    """A round of a study that is paused for its limit would be cancelled at once."""
    if study.state is not StudyState.PAUSED or study.waiting_for != waiting.LIMIT:
        return
    has_steps = study.steps.limit is not None
    flag = "--total-steps STEPS" if has_steps else "--gpu-hours HOURS"
    raise WrongState(
        f"this study is paused for its limit: {spent_words(study)}",
        hint=f"raise it first: paceline study change {study.id} {flag}; then accept again",
    )


def _check_open(study: Study, found: Recommendation) -> None:
    if found.state is RecommendationState.SUPERSEDED:
        raise RecommendationSuperseded(
            f"recommendation {found.id} was superseded by a newer review",
            hint="GET the study's recommendation and accept that one",
        )
    if found.state is RecommendationState.DECLINED:
        raise WrongState(f"recommendation {found.id} was declined")
    if study.state in ENDED_STUDIES:
        raise WrongState(f"this study is {study.state}: nothing more runs in it")


def _finish(connection: Connection, study: Study, found: Recommendation) -> Accepted:
    at_work = rounds_at_work(connection, study.id)
    if at_work:
        told = ", ".join(map(str, at_work))
        raise WrongState(
            f"the study cannot end while these rounds are at work: {told}",
            hint="wait for their review: the advice after it takes them into account",
        )
    finish_study(connection, study, found)
    return Accepted(None, is_new=True)


def _proposal(
    connection: Connection, study: Study, found: Recommendation, production_steps: int | None
) -> tuple[Study, RoundDefinition]:
    if found.advice.action is Action.TREAT_AS_COMPUTE_BOUND:
        return _as_compute_bound(connection, study, production_steps)
    if found.advice.proposal is None:
        raise WrongState(
            f"this recommendation ({found.advice.action}) proposes no round: a person decides",
            hint="POST a round definition of your own, add points, or cancel the study",
        )
    return study, found.advice.proposal


def _as_compute_bound(
    connection: Connection, study: Study, production_steps: int | None
) -> tuple[Study, RoundDefinition]:
    steps = study.definition.production_steps if production_steps is None else production_steps
    if steps is None or not 1 <= steps <= MAX_STEPS:
        given = "is not given" if steps is None else f"must be at least 1; it is {steps}"
        raise InvalidInput(
            "treat_as_compute_bound needs the length of the run you hope to launch:"
            f" production_steps {given}",
            hint='add "production_steps" to the body, beside "accept"',
        )
    definition = replace(study.definition, workload=Workload.COMPUTE_BOUND, production_steps=steps)
    studies.write_definition(connection, study.id, definition)
    return studies.get(connection, study.id), first_round(definition)
