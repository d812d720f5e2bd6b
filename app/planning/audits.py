"""The adviser's audit mode: no check can run, so the curves of one horizon must say how long."""

from collections.abc import Mapping
from dataclasses import replace

from app.domain.recommendations import Advice, Assessment, Reason
from app.domain.rounds import Action
from app.domain.studies import MAX_STEPS
from app.planning.adviser import ABOUT_THIS_ROUND, Consultation, conclude, nothing_usable
from app.planning.case import Case, Reviews
from app.planning.draft import Draft
from app.planning.finishing import finish
from app.planning.horizon import tune_round_at
from app.planning.levels import own_level
from app.planning.promotion import promote
from app.planning.ranks import recheck_ranks
from app.policy.horizon_number import HorizonNumber, recommended_number

SHARES = {"g25": "after a quarter", "g50": "after half", "g75": "after three quarters"}


def advise_audit(
    reviews: Reviews, assessments: Mapping[int, Assessment], round_number: int
) -> Advice:
    """The advice of `consult_audit` alone."""
    return consult_audit(reviews, assessments, round_number).advice


def consult_audit(
    reviews: Reviews, assessments: Mapping[int, Assessment], round_number: int
) -> Consultation:
    """What to do after rounds that ran elsewhere: never `check_horizon`.

    `extend_horizon` or `reduce_horizon` where policy 2.1 says longer or shorter, else `promote`.
    Raises KeyError if there is no such round.
    """
    judged = reviews.study.round(round_number)
    case = Case(reviews, judged, judged, assessments)
    for step in (*ABOUT_THIS_ROUND, judge_by_curves, recheck_ranks, promote, finish):
        draft = step(case)
        if draft is not None:
            return conclude(draft)
    return conclude(nothing_usable(case))


def judge_by_curves(case: Case) -> Draft | None:
    """Longer or shorter by the number of policy 2.1; None: keep, or the question is another."""
    if not case.is_tune or case.is_compute_bound or case.best is None:
        return None
    number = recommended_number(case.facts)
    if number.kind == "keep":
        return None
    steps = min(number.recommended, MAX_STEPS)
    is_longer = number.kind == "extend"
    return Draft(
        case,
        Action.EXTEND_HORIZON if is_longer else Action.REDUCE_HORIZON,
        _sentence(case, number, steps),
        proposal=tune_round_at(case, replace(own_level(case), horizon_steps=steps)),
        acting=("CKP302",) if is_longer else ("CKP301", "CKP307"),
        reasons=(Reason("horizon-number", _numbers(number)),),
        would_change_my_mind=(_doubt(case, steps, is_longer=is_longer),),
    )


def _sentence(case: Case, number: HorizonNumber, steps: int) -> str:
    if number.kind == "extend":
        return (
            f"The best result still improves over the second half of {case.horizon_steps} steps: "
            f"tune again at {steps}."
        )
    return (
        f"A quarter of {case.horizon_steps} steps had reached the best result: "
        f"tune again at {steps}."
    )


def _numbers(number: HorizonNumber) -> str:
    seen = {when: number.evidence.get(name) for name, when in SHARES.items()}
    gains = ", ".join(
        f"{100 * gain:.3g}% {when}" for when, gain in seen.items() if gain is not None
    )
    sigma = number.evidence.get("sigma")
    noise = f"; noise is {100 * sigma:.2g}%" if sigma else ""
    return f"The best so far still gained {gains} of the steps{noise}."


def _doubt(case: Case, steps: int, *, is_longer: bool) -> str:
    best = case.shown(case.best.best_value) if case.best is not None else "the best"
    if is_longer:
        return f"runs of {steps} steps that gain nothing over {best}"
    return f"a tune round of {steps} steps that ends worse than {best}"
