"""Findings that refuse nothing, as the warnings of an answer: one sentence and what to do."""

from collections.abc import Iterable

from app.domain.recommendations import JudgedVerdict
from app.planning.case import is_standing
from app.policy.engine import is_enforced_finding
from app.policy.rule import Severity


def warnings_of(verdicts: Iterable[JudgedVerdict]) -> tuple[str, ...]:
    """Standing findings of more than information, each rule's sentence once."""
    told = (
        f"{verdict.code}: {verdict.message}. {verdict.action}"
        for verdict in verdicts
        if is_standing(verdict)
        and not is_enforced_finding(verdict)
        and verdict.severity != Severity.INFO
    )
    return tuple(dict.fromkeys(told))
