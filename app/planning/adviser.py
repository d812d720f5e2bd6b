"""The adviser: a study's rounds and assessments in, one action out, in the order of the design.

It remembers nothing: the same rounds and verdicts always give the same advice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.domain.recommendations import (
    Advice,
    Assessment,
    Cost,
    HorizonAdvice,
    JudgedVerdict,
    Promotion,
    Reason,
)
from app.domain.rounds import Action, RoundDefinition
from app.planning.case import Case, Reviews, is_standing, open_case
from app.planning.climbing import standing_stage
from app.planning.confirming import confirm_descent
from app.planning.draft import Draft
from app.planning.evidence import collect_evidence
from app.planning.finishing import finish
from app.planning.gate import blocking_codes, confidence, undecided_codes
from app.planning.growth import next_horizon
from app.planning.initial_horizon import find_initial_horizon
from app.planning.judging import judge_horizon, standing_case
from app.planning.levels import known_bracket
from app.planning.promotion import promote
from app.planning.promotion_verdicts import judge_promotion, promotion_reasons, with_verdicts
from app.planning.ranks import recheck_ranks
from app.planning.rounds import rounds_cost
from app.planning.schedules import as_wire
from app.planning.widening import advised_bounds, widen_search_space
from app.planning.winners import pick_winners
from app.policy.facts import StudyFacts
from app.policy.horizon_number import recommended_number

ABOUT_THIS_ROUND = (collect_evidence, widen_search_space, find_initial_horizon)
ABOUT_THE_STANDING_ROUND = (judge_horizon, confirm_descent, recheck_ranks, promote, finish)


@dataclass(frozen=True, slots=True)
class Consultation:
    """Advice, and what the judge says of its proposal: stage P, empty unless it promotes."""

    advice: Advice
    promotion: tuple[JudgedVerdict, ...] = ()


def advise(study: StudyFacts, assessments: Mapping[int, Assessment], round_number: int) -> Advice:
    """What to do after the review of a round (numbers of steps; objective values in its own unit).

    `assessments` holds those of all reviewed rounds. Raises KeyError if there is no such round.
    """
    return consult(study, assessments, round_number).advice


def consult(
    study: StudyFacts,
    assessments: Mapping[int, Assessment],
    round_number: int,
    reviews: Reviews | None = None,
) -> Consultation:
    """The same advice, with the verdicts on its proposal where it promotes."""
    return conclude(first_answer(open_case(study, assessments, round_number, reviews)))


def first_answer(case: Case) -> Draft:
    """The first step with something to say; the standing round may be a longer one."""
    for step in ABOUT_THIS_ROUND:
        draft = step(case)
        if draft is not None:
            return draft
    standing = standing_stage(standing_case(case))
    for step in ABOUT_THE_STANDING_ROUND:
        draft = step(standing)
        if draft is not None:
            return draft
    return nothing_usable(standing)


def nothing_usable(case: Case) -> Draft:
    """The honest last answer: no step had anything to say."""
    return Draft(
        case,
        Action.COLLECT_EVIDENCE,
        f"Round {case.subject.number} gives nothing to build on: see what its verdicts miss.",
        would_change_my_mind=("trials that run to the horizon and report the objective",),
        is_decided=False,
        is_low_confidence=True,
    )


def conclude(draft: Draft) -> Consultation:
    """A proposal that promotes is judged before it is given: what is enforced blocks it."""
    if draft.action is not Action.PROMOTE or draft.proposal is None:
        return Consultation(complete(draft))
    found = judge_promotion(draft.case, draft.proposal)
    judged = replace(
        draft,
        case=with_verdicts(draft.case, found),
        reasons=(*draft.reasons, *promotion_reasons(found)),
    )
    return Consultation(complete(judged), found)


def complete(draft: Draft) -> Advice:
    """What every recommendation carries besides its action."""
    case, proposal = draft.case, draft.proposal
    blocked, undecided = blocking_codes(case, draft.action), undecided_codes(case, draft.action)
    cost = cost_of(case, proposal)
    return Advice(
        round=case.reviewed.number,
        action=draft.action,
        sentence=draft.sentence,
        max_train_steps=horizon_advice(draft),
        confidence=confidence(case, draft),
        parameters=advised_bounds(case, proposal),
        promote=promotions(case),
        schedule=as_wire(proposal.schedule) if proposal else None,
        reasons=(*draft.reasons, *reasons(case, draft)),
        would_change_my_mind=(
            *draft.would_change_my_mind,
            *(
                f"{v.code} once it can be judged: {v.message}"
                for v in open_questions(case, undecided)
            ),
        ),
        cost=cost,
        proposal=proposal,
        is_decided=draft.is_decided and not undecided,
        blocked_by=blocked,
        subject_round=case.subject.number,
    )


def cost_of(case: Case, proposal: RoundDefinition | None) -> Cost:
    """What the proposal will spend."""
    if proposal is None:
        return Cost(0, 0.0)
    return rounds_cost(proposal, case.study.seconds_per_step, case.study.definition.gpus)


def horizon_advice(draft: Draft) -> HorizonAdvice:
    """The number: the draft's own in the range that the checks left, else that of policy 2.1."""
    case, current = draft.case, draft.case.horizon_steps
    steps = draft.recommended_steps
    if steps is None:
        number = recommended_number(case.facts)
        return HorizonAdvice(current, number.recommended, number.low, number.high)
    if draft.known_range is not None:
        return HorizonAdvice(current, steps, *draft.known_range)
    bracket = known_bracket(case)
    ceiling = bracket.unpaid_above or max(current, steps)
    return HorizonAdvice(
        current, steps, min(steps, max(bracket.worse_below, 1)), max(steps, ceiling)
    )


def promotions(case: Case) -> tuple[Promotion, ...]:
    """The winners of a tune round, whatever the action."""
    if not case.is_tune:
        return ()
    winners = pick_winners(case, next_horizon(case))
    return tuple(Promotion(w.trial_id, w.reason) for w in winners)


def reasons(case: Case, draft: Draft) -> tuple[Reason, ...]:
    """The findings that stand, answered ones first, and what could not be judged but decides."""
    standing = [v for v in case.verdicts if is_standing(v)]
    answered = [v for v in standing if v.code in draft.acting]
    found = [Reason(v.code, f"{v.message}.") for v in answered]
    others = [v for v in standing if v.code not in draft.acting]
    found += [Reason(v.code, f"{v.message}. {v.action}".strip()) for v in others]
    unjudged = open_questions(case, undecided_codes(case, draft.action))
    found += [
        Reason(v.code, f"{v.message}: this could not be judged, and the advice rests on it.")
        for v in unjudged
    ]
    return tuple(dict.fromkeys(found))


def open_questions(case: Case, codes: tuple[str, ...]) -> list[JudgedVerdict]:
    """What the deciding rules of these codes could not judge."""
    return [v for v in case.about_subject(*codes) if v.verdict == "inconclusive"]
