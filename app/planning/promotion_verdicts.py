"""What the judge says of a round that promotes, and what of it belongs into the advice (P-25,
P-27)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any  # Any: a verdict's evidence is JSON

from app.domain.recommendations import Assessment, JudgedVerdict, Reason
from app.domain.rounds import RoundDefinition
from app.planning.case import Case, is_standing
from app.policy.engine import assess_promotion, merge
from app.policy.promotions import passed_recheck, promotion_of
from app.policy.transfer import (
    KEPT,
    LIKELY,
    MIGHT,
    REDERIVED,
    SWEPT,
    UNLIKELY,
    VERY_LIKELY,
)

ALWAYS_TOLD = ("PRM603", "PRM606")  # the price and the margin, found or clear
WORDS = {
    VERY_LIKELY: "very likely to transfer",
    LIKELY: "likely to transfer",
    MIGHT: "might transfer",
    UNLIKELY: "unlikely to transfer",
}
TREATMENTS = {
    KEPT: "Kept as it was",
    SWEPT: "Tried at other values, too",
    REDERIVED: "Re-derived for the new horizon",
}


def judge_promotion(case: Case, definition: RoundDefinition) -> tuple[JudgedVerdict, ...]:
    """The verdicts of stage P on a round that would follow the case's subject."""
    facts = promotion_of(case.facts, definition, partial(passed_recheck, case.assessments))
    return assess_promotion(case.study, case.reviewed.number, facts)


def with_verdicts(case: Case, verdicts: Iterable[JudgedVerdict]) -> Case:
    """The case, its reviewed round also judged by these."""
    number = case.reviewed.number
    own = case.assessments.get(number, Assessment(number, False, ()))
    return replace(case, assessments={**case.assessments, number: merge(own, verdicts)})


def promotion_reasons(verdicts: Iterable[JudgedVerdict]) -> tuple[Reason, ...]:
    """The price of promoting so few, the margin, and what happens to each kind of parameter."""
    by_code = {v.code: v for v in verdicts}
    told = [by_code[code] for code in ALWAYS_TOLD if code in by_code]
    calm = (v for v in told if v.verdict == "clear" or not is_standing(v))
    reasons = [Reason(v.code, f"{_capital(v.message)}.") for v in calm if v.evidence]
    carried = by_code["PRM601"].evidence.get("transfer", ()) if "PRM601" in by_code else ()
    return (*reasons, *_transfers(carried), *_schedule(by_code.get("SCH702")))


def _transfers(carried: Iterable[Mapping[str, Any]]) -> list[Reason]:
    """One reason a treatment, each parameter with the claim that it rests on."""
    told: dict[str, list[str]] = {}
    for one in carried:
        values = ", ".join(f"{v:.4g}" if isinstance(v, float) else str(v) for v in one["values"])
        what = f"{one['parameter']} {values} ({WORDS[one['likelihood']]}, {one['claim']})"
        told.setdefault(str(one["treatment"]), []).append(what)
    return [
        Reason("PRM601", f"{begin}: {'; '.join(told[treatment])}.")
        for treatment, begin in TREATMENTS.items()
        if treatment in told
    ]


def _schedule(verdict: JudgedVerdict | None) -> list[Reason]:
    """The schedule is always derived anew; a finding about it tells so itself."""
    if verdict is None or verdict.verdict != "clear":
        return []
    return [Reason("SCH702", f"The schedule is re-derived (P-27d): {verdict.message}.")]


def _capital(message: str) -> str:
    return message[:1].upper() + message[1:]
