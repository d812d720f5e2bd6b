"""Rounds: opened by accepting or by hand, closed early, and given more trials."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from app import wire
from app.db import recommendations, rounds, studies, trials
from app.db.database import Connection
from app.db.studies import Study
from app.domain.errors import InvalidInput, MissingObject, WrongState
from app.domain.ids import RecommendationId, StudyId
from app.domain.rounds import Point, Purpose, Round, RoundDefinition, RoundRequest, inherit
from app.domain.space import STRICT_FIELDS, check_space
from app.domain.states import EndReason, RoundState, StudyState
from app.domain.studies import SamplerKind
from app.planning.old_boxes import boxes_to_skip
from app.planning.rounds import found_tune_round
from app.policy.engine import admit_round
from app.sampling import adaptive
from app.services import acceptance, facts, gate, resumes, waiting
from app.services.acceptance import Accepted
from app.services.context import Context
from app.services.definition_checks import check_schedule_names
from app.services.opening import enter_review_if_over, open_round, store_trials
from app.services.refusals import refuse_enforced
from app.services.repeats import earlier_answer, keep_answer
from app.services.request_keys import RequestKey
from app.services.round_plan import RoundPlan, Start, explicit_trials, plan_round
from app.services.warnings import warnings_of


@dataclass(frozen=True, slots=True)
class AcceptRequest:
    """Accept a recommendation; `production_steps` where it asks for the number."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    accept: RecommendationId
    production_steps: int | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A hand-written round that was opened, and what rules say of it that refuses nothing."""

    round: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MoreTrials:
    """Either a `count` from the round's sampler, or `points`."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    count: int | None = None
    points: tuple[Point, ...] = ()


def read_round(context: Context, study_id: StudyId, number: int) -> Round:
    """The round. Raises MissingObject."""
    with context.database.reading() as connection:
        return rounds.get(connection, study_id, number)


def accept_recommendation(context: Context, study_id: StudyId, body: AcceptRequest) -> Accepted:
    """Open the proposed round; twice: the same round. Raises StateConflicts."""
    with context.database.writing() as connection:
        study = studies.lock(connection, study_id)
        found = recommendations.get(connection, body.accept)
        if found.study_id != study_id:
            raise MissingObject(f"study {study_id} has no recommendation {body.accept}")
        accepted = acceptance.accept(connection, study, found, body.production_steps)
    context.bell.ring()
    return accepted


def post_round(
    context: Context, study_id: StudyId, request: RoundRequest, key: RequestKey | None = None
) -> Opened:
    """Open a hand-written round.

    Raises RefusedByRules (admission), BlockedByFindings (the gate) and WrongState (limits).
    """
    adaptive.check_installed(request.sampler.kind if request.sampler else SamplerKind.RANDOM)
    with context.database.reading() as connection:
        proposed = _completed(connection, studies.get(connection, study_id), request)
        promotion = gate.promotion_by_hand(connection, study_id, proposed)
    with context.database.writing() as connection:
        earlier = earlier_answer(connection, key)
        if earlier is not None:
            return wire.from_wire(Opened, earlier)
        study = studies.lock(connection, study_id)
        definition = _completed(connection, study, request)
        study = woken(connection, study)
        known = facts.history(connection, study_id)
        admitted = admit_round(known, definition)
        refuse_enforced(admitted)
        acceptance.check_rounds_limit(connection, study_id, definition)
        gate.check_by_hand(connection, known, study_id, definition, promotion)
        number = open_round(connection, study, definition)
        waiting.refresh(connection, study_id)
        opened = Opened(number, warnings_of((*admitted, *promotion)))
        keep_answer(connection, key, wire.to_wire(opened))
    context.bell.ring()
    return opened


def close_round(context: Context, study_id: StudyId, number: int) -> Round:
    """Draw and claim no more trials of a round; what runs ends as usual, then it is reviewed."""
    with context.database.writing() as connection:
        trials.cancel_waiting(connection, study_id, EndReason.CANCELLED, number)
        studies.lock(connection, study_id)
        found = rounds.get(connection, study_id, number)
        rounds.write(connection, found, points_to_draw=0)
        enter_review_if_over(connection, study_id, number)
        waiting.refresh(connection, study_id)
        closed = rounds.get(connection, study_id, number)
    context.bell.ring()
    return closed


def add_trials(
    context: Context,
    study_id: StudyId,
    number: int,
    more: MoreTrials,
    key: RequestKey | None = None,
) -> list[str]:
    """More points for a round; a closed one opens again. Ids of the new trials."""
    with context.database.writing() as connection:
        earlier = earlier_answer(connection, key)
        if earlier is not None:
            return wire.from_wire(list[str], earlier["trial_ids"])
        study = woken(connection, studies.lock(connection, study_id))
        found = rounds.lock(connection, study_id, number)
        _refuse_unknown_origins(connection, study_id, more.points)
        plan = _more(connection, study, found, more)
        resumes.refuse_impossible(connection, study, found.definition, plan.trials)
        if found.state is not RoundState.OPEN:
            rounds.change_state(connection, found, RoundState.OPEN)
        to_draw = found.points_to_draw + plan.points_to_draw
        rounds.write(connection, found, points_to_draw=to_draw)
        ids = store_trials(connection, study, found, plan)
        enter_review_if_over(connection, study_id, number)
        waiting.refresh(connection, study_id)
        keep_answer(connection, key, {"trial_ids": ids})
    context.bell.ring()
    return ids


def repeated_points(found: Round, more: MoreTrials, stored: int) -> list[str]:
    """A warning where points were asked for that the round has already."""
    seeds = found.definition.seeds
    asked = sum(len(seeds if p.seeds is None else p.seeds) for p in more.points)
    if asked <= stored:
        return []
    told = f"{asked - stored} of {asked} trials are in this round already (same point and seed)"
    return [f"{told}: they are not run again; give the point other `seeds` to repeat it"]


def _completed(connection: Connection, study: Study, request: RoundRequest) -> RoundDefinition:
    earlier = rounds.of_study(connection, study.id)
    if not earlier:
        raise WrongState("this study has no round yet", hint="POST .../start opens its first one")
    tunes = [r.definition for r in earlier if r.definition.purpose is Purpose.TUNE]
    base = _base(tunes, request.max_train_steps) if tunes else _own_tune_round(study, earlier[-1])
    definition = inherit(request, base)
    check_space(definition.parameters, definition.fixed)
    check_schedule_names(definition.schedule, {*definition.parameters, *definition.fixed})
    if definition.max_train_steps < 1:
        raise InvalidInput(
            f"max_train_steps must be at least 1; it is {definition.max_train_steps}",
            hint="leave it out to inherit the last tune round's",
        )
    definition = replace(definition, checks=_checked(definition, earlier))
    _refuse_unknown_origins(connection, study.id, definition.points)
    return definition


def _base(tunes: Sequence[RoundDefinition], horizon_steps: int | None) -> RoundDefinition:
    """The last tune round. Its schedule and evaluations, which belong to a horizon, come from the
    last one at the horizon asked for: so a new idea enters the setting of what ran there."""
    there = [one for one in tunes if one.max_train_steps == horizon_steps]
    own = there[-1] if there else tunes[-1]
    every = own.evaluate_every_steps
    return replace(tunes[-1], schedule=own.schedule, evaluate_every_steps=every)


def _checked(definition: RoundDefinition, earlier: Sequence[Round]) -> int | None:
    """The tune or final round that a check speaks for: the one it names, else the last tune."""
    tunes = [r.number for r in earlier if r.definition.purpose is Purpose.TUNE]
    finals = [r.number for r in earlier if r.definition.purpose is Purpose.FINAL]
    if definition.purpose is not Purpose.CHECK or (definition.checks is None and not tunes):
        return definition.checks
    named = tunes[-1] if definition.checks is None else definition.checks
    if named not in (*tunes, *finals):
        raise InvalidInput(
            f"`checks` names round {named}, which is no tune or final round of this study",
            hint=f"its tune and final rounds: {', '.join(map(str, (*tunes, *finals))) or 'none'}",
        )
    return named


def _refuse_unknown_origins(
    connection: Connection, study_id: StudyId, points: Sequence[Point]
) -> None:
    wanted = {point.origin.trial_id for point in points if point.origin}
    unknown = wanted - trials.ids_of_study(connection, study_id) if wanted else set()
    if unknown:
        raise InvalidInput(
            f"a point's `origin` names {', '.join(sorted(unknown))}, no trial of this study",
            hint="leave `origin` out, or name the trial that the point comes from",
        )


def _own_tune_round(study: Study, latest: Round) -> RoundDefinition:
    """What the study itself says: probes and sweeps, which switch things off, are no base."""
    return found_tune_round(study.definition, latest.definition.max_train_steps)


def woken(connection: Connection, study: Study) -> Study:
    """A completed study goes on with what a person adds to it. Raises WrongState if cancelled."""
    if study.state is StudyState.CANCELLED:
        raise WrongState("this study is cancelled: nothing more runs in it")
    if study.state is StudyState.COMPLETED:
        studies.change_state(connection, study, StudyState.ACTIVE)
        return studies.get(connection, study.id)
    return study


def _more(connection: Connection, study: Study, found: Round, more: MoreTrials) -> RoundPlan:
    if (more.count is None) == (not more.points):
        raise InvalidInput("give either `count` or `points`, not both or none")
    own = trials.of_round(connection, study.id, found.number)
    first = max((trial.point_index for trial in own), default=-1) + 1
    if more.points:
        planned = explicit_trials(found.definition, more.points, first)
        return RoundPlan(planned, study.next_index)
    outline = facts.outline(connection, study.id)
    earlier = tuple(r for r in outline.rounds if r.number < found.number)
    start = Start(
        study.next_index,
        boxes_to_skip(replace(outline, rounds=earlier), found.definition),
        frozenset(trial.point_key for trial in own),
        first,
    )
    return plan_round(_counting(found.definition, more.count or 0), start)


def _counting(definition: RoundDefinition, count: int) -> RoundDefinition:
    return inherit(
        RoundRequest(purpose=definition.purpose, checks=definition.checks, trials=count),
        definition,
    )
